import Chat
import ChatProtocol
import HTTPTypes
import Hummingbird
import NIOCore

/// Importing accounts: one by a form, many from a CSV file.
///
/// A script sends a file piece by piece and shows how far it is. Without a script its text can be pasted.
struct AccountImportPages: Sendable {
    /// How many accounts are imported in one transaction, as many as by one call of the API.
    private static let batch = 100
    /// The longest text of rows that is taken at once, in bytes; escaped, so that no file is much shorter.
    private static let longestForm = 4 * 1_048_576
    /// The longest file that the script sends, in bytes.
    private static let longestFile = 5_000_000
    /// How many refused rows are shown; they show well enough what is wrong with a file.
    private static let mostRefusedShown = 500

    private let services: Services

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/accounts-import") { visit throws(ChatError) in
            .page(page(of: try await visit.application(), visit))
        }
        routes.post("apps/:app/accounts") { visit, form throws(ChatError) in try await importOne(visit, form) }
        routes.post("apps/:app/accounts-import", limit: Self.longestForm) { visit, form throws(ChatError) in
            try await importRows(visit, form)
        }
    }

    // MARK: The page

    private struct Refused: Sendable {
        let line: Int
        let name: String
        let reason: String
    }

    private struct Outcome: Sendable {
        let summary: String
        let refused: [Refused]
        let hasRefused: Bool
        /// That there are more than are shown.
        let more: String?
    }

    private struct Content: Sendable {
        let path: String
        let id: String
        let nick: String
        let face: String
        let rows: String
        let longestValue: Int
        let longestID: Int
        let batch: Int
        let longestFile: Int
        let mostRefusedShown: Int
        let more: String
        let outcome: Outcome?
    }

    private func page(
        of application: Chat.Application,
        _ visit: Visit,
        _ typed: Form = Form(),
        outcome: Outcome? = nil,
        problem: ChatError? = nil
    ) -> Page {
        let content = Content(
            path: application.path,
            id: typed["id"],
            nick: typed["nick"],
            face: typed["face"],
            rows: typed.raw("rows"),
            longestValue: NewAccount.longestProfileValue,
            longestID: UserID.longest,
            batch: Self.batch,
            longestFile: Self.longestFile,
            mostRefusedShown: Self.mostRefusedShown,
            more: more(visit.texts),
            outcome: outcome
        )
        return Page(
            "accounts-import",
            title: "accountImport.title",
            content,
            of: application,
            section: "accounts",
            problem: problem
        )
    }

    private func more(_ texts: Texts) -> String {
        texts["accountImport.more", ["count": Int64(Self.mostRefusedShown).grouped]]
    }

    // MARK: One

    private func importOne(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        do throws(ChatError) {
            let account = try NewAccount(named: form["id"], nick: given(form["nick"]), faceURL: given(form["face"]))
            try await services.systems.accounts.import(account, for: visit.call(for: application))
            return .done("accountImported", path: AccountLink(account.id, of: application).path)
        } catch {
            return .page(page(of: application, visit, form, problem: error))
        }
    }

    /// What is not given leaves what an existing account has.
    private func given(_ text: String) -> String? { text.isEmpty ? nil : text }

    // MARK: Many

    private func importRows(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        let isScript = form["answer"] == "json"
        do throws(ChatError) {
            let result = try await importRows(form, to: application, visit)
            if isScript { return .response(.json(Self.json(result))) }
            let summary = visit.texts[
                "accountImport.summary",
                ["imported": Int64(result.imported).grouped, "refused": Int64(result.refused.count).grouped]
            ]
            let outcome = Outcome(
                summary: summary,
                refused: Array(result.refused.prefix(Self.mostRefusedShown)),
                hasRefused: !result.refused.isEmpty,
                more: result.refused.count > Self.mostRefusedShown ? more(visit.texts) : nil
            )
            return .page(page(of: application, visit, outcome: outcome))
        } catch {
            if isScript {
                if error.isInternalFault { throw error }
                return .response(
                    .json(["problem": .string(Refusal(error, visit.texts).text)], status: .unprocessableContent)
                )
            }
            return .page(page(of: application, visit, form, problem: error))
        }
    }

    private func importRows(
        _ form: Form,
        to application: Chat.Application,
        _ visit: Visit
    ) async throws(ChatError) -> (imported: Int, refused: [Refused]) {
        var imported = 0
        var refused: [Refused] = []
        var waiting: [(line: Int, account: NewAccount)] = []
        let firstLine = Int(form["line"]).map { min(max($0, 1), Self.longestFile) } ?? 1
        for record in CSVReader(form.raw("rows"), firstLine: firstLine) {
            if record.line == 1, Self.isHeader(record) { continue }
            do throws(ChatError) {
                waiting.append((record.line, try account(record, visit.texts)))
            } catch {
                let name = record.fields?.first?.shortened(to: 2 * UserID.longest) ?? ""
                refused.append(Refused(line: record.line, name: name, reason: error.info))
            }
            if waiting.count == Self.batch { imported += try await flush(&waiting, &refused, to: application, visit) }
        }
        imported += try await flush(&waiting, &refused, to: application, visit)
        return (imported, refused.sorted { $0.line < $1.line })
    }

    /// - Returns: how many were imported.
    private func flush(
        _ waiting: inout [(line: Int, account: NewAccount)],
        _ refused: inout [Refused],
        to application: Chat.Application,
        _ visit: Visit
    ) async throws(ChatError) -> Int {
        guard !waiting.isEmpty else { return 0 }
        let batch = waiting
        waiting = []
        let refusals = try await services.systems.accounts.importAll(
            batch.map(\.account),
            for: visit.call(for: application)
        )
        // They come in the order of the accounts, and one that is named twice may be refused twice.
        var rest = refusals[...]
        for (line, account) in batch {
            guard let refusal = rest.first, refusal.id == account.id.rawValue else { continue }
            rest.removeFirst()
            refused.append(Refused(line: line, name: refusal.id, reason: refusal.info))
        }
        return batch.count - refusals.count
    }

    private static let columns = ["userid", "nick", "faceurl"]

    /// Whether a record names the columns instead of being one.
    private static func isHeader(_ record: CSVReader.Record) -> Bool {
        guard let fields = record.fields?.map({ $0.trimmingWhiteSpace.lowercased() }) else { return false }
        return !fields.isEmpty && columns.starts(with: fields)
    }

    private func account(_ record: CSVReader.Record, _ texts: Texts) throws(ChatError) -> NewAccount {
        guard let fields = record.fields else {
            throw .ofTheConsole(texts["accountImport.quotes"])
        }
        guard fields.count <= Self.columns.count else {
            throw .ofTheConsole(texts["accountImport.columns"])
        }
        func field(_ position: Int) -> String? {
            position < fields.count ? given(fields[position].trimmingWhiteSpace) : nil
        }
        return try NewAccount(named: field(0) ?? "", nick: field(1), faceURL: field(2))
    }

    private static func json(_ result: (imported: Int, refused: [Refused])) -> JSONObject {
        let refused = result.refused.map { row in
            JSONValue.object([
                "line": .integer(Int64(row.line)), "name": .string(row.name), "reason": .string(row.reason),
            ])
        }
        return ["imported": .integer(Int64(result.imported)), "refused": .array(refused)]
    }
}

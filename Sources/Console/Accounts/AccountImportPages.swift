import Chat
import ChatProtocol
import HTTPTypes
import Hummingbird
import NIOCore

/// Importing accounts: one by a form, many from a CSV file.
///
/// A script sends a file piece by piece and shows how far it is. Without a script its text can be pasted.
struct AccountImportPages: Sendable {
    /// The longest text of rows that is taken at once, in bytes; escaped, so that no file is much shorter.
    private static let longestForm = 4 * 1_048_576
    /// The longest file that the script sends, in bytes.
    private static let longestFile = 5_000_000

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

    private struct Outcome: Sendable {
        let summary: String
        let refused: [AccountImport.Refused]
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
        let idHint: String
        let batch: Int
        let longestFile: Int
        let mostRefusedShown: Int
        let more: String
        let pasteHint: String
        let fileLabel: String
        let tooLarge: String
        let outcome: Outcome?
    }

    private func page(
        of application: Chat.Application,
        _ visit: Visit,
        _ typed: Form = Form(),
        outcome: Outcome? = nil,
        problem: ChatError? = nil
    ) -> Page {
        let megabytes = ["megabytes": String(Self.longestFile / 1_000_000)]
        let content = Content(
            path: application.path,
            id: typed["id"],
            nick: typed["nick"],
            face: typed["face"],
            rows: typed.raw("rows"),
            longestValue: NewAccount.longestProfileValue,
            longestID: UserID.longest,
            idHint: visit.texts["accountImport.idHint", ["longest": String(UserID.longest)]],
            batch: AccountImport.batch,
            longestFile: Self.longestFile,
            mostRefusedShown: AccountImport.mostRefusedShown,
            more: more(visit.texts),
            pasteHint: visit.texts["accountImport.pasteHint", ["count": Int64(AccountImport.mostRows).grouped]],
            fileLabel: visit.texts["accountImport.file", megabytes],
            tooLarge: visit.texts["accountImport.tooLarge", megabytes],
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
        texts["accountImport.more", ["count": Int64(AccountImport.mostRefusedShown).grouped]]
    }

    // MARK: One

    /// What is not given leaves what an existing account has.
    private func importOne(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        do throws(ChatError) {
            let account = try NewAccount(named: form["id"], nick: form["nick"].nonEmpty, faceURL: form["face"].nonEmpty)
            try await services.systems.accounts.import(account, for: visit.call(for: application))
            return .done("accountImported", path: AccountLink(account.id, of: application).path)
        } catch {
            return .page(page(of: application, visit, form, problem: error))
        }
    }

    // MARK: Many

    private func importRows(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        let result = await AccountImport(form, longestFile: Self.longestFile, to: application, visit)
        if form["answer"] == "json" { return .response(json(result, visit)) }
        if let problem = result.problem, result.isFruitless {
            return .page(page(of: application, visit, form, problem: problem))
        }
        let outcome = Outcome(
            summary: result.summary(visit.texts),
            refused: result.told,
            hasRefused: !result.refused.isEmpty,
            more: result.refused.count > AccountImport.mostRefusedShown ? more(visit.texts) : nil
        )
        let typed = result.problem == nil ? Form() : form
        return .page(page(of: application, visit, typed, outcome: outcome, problem: result.problem))
    }

    private func json(_ result: AccountImport, _ visit: Visit) -> Response {
        let refused = result.told.map { row in
            JSONValue.object([
                "line": .integer(Int64(row.line)), "name": .string(row.name), "reason": .string(row.reason),
            ])
        }
        var members: [JSONObject.Member] = [
            .init(name: "imported", value: .integer(Int64(result.imported))),
            .init(name: "refusedCount", value: .integer(Int64(result.refused.count))),
            .init(name: "refused", value: .array(refused)),
        ]
        guard let problem = result.problem else { return .json(JSONObject(members)) }
        if let cause = problem.cause { visit.logger.failed(visit.path, cause) }
        members.append(.init(name: "problem", value: .string(Refusal(problem, visit.texts).text)))
        return .json(
            JSONObject(members),
            status: problem.isInternalFault ? .internalServerError : .unprocessableContent
        )
    }
}

import Chat
import ChatProtocol

/// What becomes of accounts that are imported from a CSV text.
///
/// All rows are read before any is imported. A batch is a transaction of its own: when one fails, what was imported
/// before it stays, and is told.
struct AccountImport: Sendable {
    /// How many accounts are imported in one transaction, as many as by one call of the API.
    static let batch = 100
    /// How many rows are taken at once; the script sends files of any number in pieces of one batch.
    static let mostRows = 1000
    /// How many refused rows are shown; they show well enough what is wrong with a file.
    static let mostRefusedShown = 500

    struct Refused: Sendable {
        let line: Int
        let name: String
        let reason: String
    }

    private(set) var imported = 0
    private(set) var refused: [Refused] = []
    /// Why it ended before the last row.
    private(set) var problem: ChatError?

    /// Whether it ended before anything was said of any row.
    var isFruitless: Bool { imported == 0 && refused.isEmpty }

    /// The refused rows that are told, by line.
    var told: [Refused] { Array(refused.sorted { $0.line < $1.line }.prefix(Self.mostRefusedShown)) }

    func summary(_ texts: Texts) -> String {
        texts[
            problem == nil ? "accountImport.summary" : "accountImport.partly",
            ["imported": Int64(imported).grouped, "refused": Int64(refused.count).grouped]
        ]
    }

    // MARK: Reading

    init(_ form: Form, longestFile: Int, to application: Chat.Application, _ visit: Visit) async {
        let firstLine = Int(form["line"]).map { min(max($0, 1), longestFile) } ?? 1
        do throws(ChatError) {
            for batch in try await read(
                CSVReader(form.raw("rows"), firstLine: firstLine),
                isBeginning: firstLine == 1,
                visit.texts
            ) {
                try await importAll(batch, to: application, visit)
            }
        } catch {
            problem = error
        }
    }

    private typealias Row = (line: Int, account: NewAccount)

    /// The rows that make an account, by batches; nothing is imported before all of them were read.
    ///
    /// - Parameter isBeginning: whether they are the first of a file.
    private mutating func read(
        _ records: CSVReader,
        isBeginning: Bool,
        _ texts: Texts
    ) async throws(ChatError) -> [[Row]] {
        var (batches, batch, count): ([[Row]], [Row], Int) = ([], [], 0)
        for record in records {
            count += 1
            if isBeginning, count == 1, try isHeader(record, texts) { continue }
            guard count <= Self.mostRows else {
                refused = []
                throw .ofTheConsole(texts["accountImport.tooMany", ["count": Int64(Self.mostRows).grouped]])
            }
            do throws(ChatError) {
                batch.append((record.line, try account(record, texts)))
            } catch {
                let name = record.fields?.first?.shortened(to: 2 * UserID.longest) ?? ""
                refused.append(Refused(line: record.line, name: name, reason: Refusal(error, texts).text))
            }
            if batch.count == Self.batch {
                batches.append(batch)
                batch = []
            }
            // Others wait for this thread.
            if count.isMultiple(of: Self.batch) { await Task.yield() }
        }
        if !batch.isEmpty { batches.append(batch) }
        return batches
    }

    private mutating func importAll(
        _ batch: [Row],
        to application: Chat.Application,
        _ visit: Visit
    ) async throws(ChatError) {
        let refusals = try await visit.services.systems.accounts.importAll(
            batch.map(\.account),
            for: try await visit.call(for: application)
        )
        // They come in the order of the accounts, and one that is named twice may be refused twice.
        var rest = refusals[...]
        for (line, account) in batch {
            guard let refusal = rest.first, refusal.id == account.id.rawValue else { continue }
            rest.removeFirst()
            let reason = Refusal(ChatError(ErrorCode(rawValue: refusal.code), refusal.info), visit.texts).text
            refused.append(Refused(line: line, name: refusal.id, reason: reason))
        }
        imported += batch.count - refusals.count
    }

    private static let columns = ["userid", "nick", "faceurl"]

    /// Whether a record names the columns instead of being one.
    ///
    /// - Throws: that it names them in another order, which would take one for the other.
    private func isHeader(_ record: CSVReader.Record, _ texts: Texts) throws(ChatError) -> Bool {
        let fields = record.fields?.map { $0.trimmingWhiteSpace.lowercased() } ?? []
        guard !fields.isEmpty, fields.allSatisfy(Self.columns.contains) else { return false }
        guard Self.columns.starts(with: fields) else { throw .ofTheConsole(texts["accountImport.order"]) }
        return true
    }

    private func account(_ record: CSVReader.Record, _ texts: Texts) throws(ChatError) -> NewAccount {
        guard let fields = record.fields else {
            throw .ofTheConsole(texts["accountImport.quotes"])
        }
        guard fields.count <= Self.columns.count else {
            throw .ofTheConsole(texts["accountImport.columns"])
        }
        func field(_ position: Int) -> String? {
            position < fields.count ? fields[position].trimmingWhiteSpace.nonEmpty : nil
        }
        return try NewAccount(named: field(0) ?? "", nick: field(1), faceURL: field(2))
    }
}

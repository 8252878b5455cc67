import Chat
import ChatProtocol

/// The rows of an import on their way into the storage, batch by batch.
struct Writing {
    private static let bytesInBatch = 4 << 20

    private let target: ApplicationImport
    private let operation: Operation
    private let rowsInBatch: Int
    /// Lines that an import which was stopped was done with.
    private let doneBefore: Int
    private var passed = PassedLines()
    /// As it stands in the storage; nil when no import made the application.
    private var record: ImportRecord?
    private var application: ArchivedApplication?
    /// Groups of rows that one statement can write, and of all of them how many rows and bytes there are.
    private var (batch, batchRows, batchBytes): ([[ArchivedRow]], Int, Int) = ([], 0, 0)
    private(set) var (added, present) = (0, 0)
    /// Whether the application got a key that is not in the file.
    private(set) var madeKey = false

    /// - Parameter rowsInBatch: how many rows are in one transaction.
    init(target: ApplicationImport, by operation: Operation, rowsInBatch: Int, doneBefore: Int) {
        (self.target, self.operation, self.rowsInBatch, self.doneBefore) = (target, operation, rowsInBatch, doneBefore)
    }

    /// Takes the next line.
    ///
    /// - Parameter offset: where it ends in the file.
    /// - Returns: whether something was written.
    mutating func take(
        _ understood: ArchiveLine,
        _ line: [UInt8],
        upTo offset: Int
    ) async throws(ChatError) -> Bool {
        var isWritten = false
        switch understood {
        case .header: break
        case .application(let application):
            try await begin(application)
            isWritten = true
        case .row(let row):
            guard row.line > doneBefore else { break }
            if batchRows == rowsInBatch || batchBytes > Self.bytesInBatch {
                try await flush()
                isWritten = true
            }
            if let last = batch.last?.last, row.belongs(with: last) {
                batch[batch.count - 1].append(row)
            } else {
                batch.append([row])
            }
            batchRows += 1
            batchBytes += line.count
        case .end:
            try await flush()
            if let application { try await target.end(application, last: record, by: operation) }
            isWritten = true
        }
        passed.pass(line, upTo: offset)
        return isWritten
    }

    private mutating func begin(_ archived: ArchivedApplication) async throws(ChatError) {
        application = archived
        switch try await target.begin(archived, passed.record, by: operation) {
        case .made(let record):
            self.record = record
            madeKey = archived.hasNoKey
        case .found(let record): self.record = record
        }
    }

    private mutating func flush() async throws(ChatError) {
        guard !batch.isEmpty else { return }
        let next = passed.record
        let outcome = try await target.add(batch, last: record, next: next)
        if record != nil { record = next }
        added += outcome.added
        present += outcome.present
        (batch, batchRows, batchBytes) = ([], 0, 0)
    }
}

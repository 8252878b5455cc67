import ChatProtocol
import Database
import RostrumTesting
import Synchronization

/// A database that remembers what statements were run in it.
final class StatementRecorder: ForwardingDatabase {
    let database: any Database
    private let texts = Mutex<[String]>([])

    init(_ database: any Database) {
        self.database = database
    }

    /// The statements since the last call, each once.
    func take() -> [String] {
        texts.withLock { texts in
            defer { texts = [] }
            return Set(texts).sorted()
        }
    }

    func enqueue(_ operation: ReadOperation) {
        database.enqueue(ReadOperation(run: { operation.run(self.recording($0)) }, refuse: operation.refuse))
    }

    func enqueue(_ operation: WriteOperation) {
        database.enqueue(
            WriteOperation(of: operation.turn, run: { operation.run(self.recording($0)) }, refuse: operation.refuse)
        )
    }

    private func recording(_ transaction: any Transaction) -> any Transaction {
        RecordedTransaction(transaction: transaction) { text in self.texts.withLock { $0.append(text) } }
    }
}

private struct RecordedTransaction: Transaction {
    let transaction: any Transaction
    let record: (String) -> Void

    var lineage: Int64 { transaction.lineage }

    func execute(_ statement: SQL) throws(ChatError) -> Int {
        record(statement.text)
        return try transaction.execute(statement)
    }

    func rows(_ query: SQL) throws(ChatError) -> [Row] {
        record(query.text)
        return try transaction.rows(query)
    }

    func row(_ query: SQL) throws(ChatError) -> Row? {
        record(query.text)
        return try transaction.row(query)
    }

    func onCommit(_ action: @escaping @Sendable () -> Void) {
        transaction.onCommit(action)
    }
}

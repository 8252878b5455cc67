package import Database
import ChatProtocol
import Synchronization

/// Which history a storage is of, as a test says.
package final class History: Sendable {
    private struct State {
        var lineage: Int64
        var listeners: [@Sendable (Int64) -> Void] = []
        /// Nil: as the storage.
        var ofTransactions: Int64?
    }

    private let state: Mutex<State>

    package init(lineage: Int64) {
        state = Mutex(State(lineage: lineage))
    }

    package var lineage: Int64 { state.withLock { $0.lineage } }

    /// Of the transactions that are begun.
    package var lineageOfTransactions: Int64 { state.withLock { $0.ofTransactions ?? $0.lineage } }

    package func listen(_ listener: @escaping @Sendable (Int64) -> Void) {
        state.withLock { $0.listeners.append(listener) }
    }

    /// The listeners hear of it first, as an engine has it.
    package func becomes(_ lineage: Int64) {
        announce(lineage)
        settle(on: lineage)
    }

    /// The listeners hear of a history that the storage does not say to be its own before ``settle(on:)``.
    package func announce(_ lineage: Int64) {
        for listener in state.withLock({ $0.listeners }) { listener(lineage) }
    }

    package func settle(on lineage: Int64) {
        state.withLock { $0.lineage = lineage }
    }

    /// As of now transactions are of this history whatever the storage becomes: those that are under way then.
    package func transactionsStay(of lineage: Int64) {
        state.withLock { $0.ofTransactions = lineage }
    }
}

/// A database that says that it, and what is done in it, is of a history.
package final class HistoricDatabase: ForwardingDatabase {
    package let database: any Database
    private let history: History

    package init(_ database: any Database, _ history: History) {
        (self.database, self.history) = (database, history)
    }

    package var lineage: Int64 { history.lineage }

    package func listenForLineages(_ listener: @escaping @Sendable (_ lineage: Int64) -> Void) {
        history.listen(listener)
    }

    package func enqueue(_ operation: ReadOperation) {
        let told = ReadOperation(
            run: { [history] in operation.run(HistoricTransaction($0, history.lineageOfTransactions)) },
            refuse: operation.refuse
        )
        database.enqueue(told)
    }

    package func enqueue(_ operation: WriteOperation) {
        let told = WriteOperation(
            of: operation.turn,
            run: { [history] in operation.run(HistoricTransaction($0, history.lineageOfTransactions)) },
            refuse: operation.refuse
        )
        database.enqueue(told)
    }
}

/// A transaction of a history.
private struct HistoricTransaction: Transaction {
    let transaction: any Transaction
    let lineage: Int64

    init(_ transaction: any Transaction, _ lineage: Int64) {
        (self.transaction, self.lineage) = (transaction, lineage)
    }

    func execute(_ statement: SQL) throws(ChatError) -> Int { try transaction.execute(statement) }

    func rows(_ query: SQL) throws(ChatError) -> [Row] { try transaction.rows(query) }

    func row(_ query: SQL) throws(ChatError) -> Row? { try transaction.row(query) }

    func onCommit(_ action: @escaping @Sendable () -> Void) { transaction.onCommit(action) }
}

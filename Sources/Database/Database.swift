package import ChatProtocol

/// A storage engine: transactions over one installation's data.
///
/// What every engine promises, and the contract suite checks:
///
/// - A transaction is all or nothing. A closure that throws leaves no trace.
/// - When ``write(_:)`` returns, the change is on disk: it survives the death of the process and of the machine.
/// - Writes happen one after the other as far as anyone can see. A ``read(_:)`` sees every write that returned before
///   the read was called, and one state of the data from its first statement to its last.
/// - When a commit fails, every write that was to be committed with it throws.
///
/// A closure may run more than once (an engine may retry on a serialization failure), so it has no effect outside its
/// transaction. Engines know nothing of channels; features know nothing of engines.
package protocol Database: Sendable {
    /// Runs `body` in a transaction that reads.
    ///
    /// - Throws: what `body` throws, or an internal fault caused by a ``DatabaseError``.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws(ChatError) -> Value
    ) async throws(ChatError) -> Value

    /// Runs `body` in a transaction of its own and returns when the change is durable.
    ///
    /// - Throws: what `body` throws, or an internal fault caused by a ``DatabaseError``.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws(ChatError) -> Value
    ) async throws(ChatError) -> Value

    /// Finishes what was asked for and closes the storage; every later call throws an internal fault.
    func close() async
}

/// The statements of one transaction, run one after the other.
///
/// Valid only inside the closure that it was handed to.
package protocol Transaction {
    /// Runs a statement and returns how many rows it changed.
    @discardableResult
    func execute(_ statement: SQL) throws(ChatError) -> Int

    /// Runs a query and returns every row; the query bounds their number.
    func rows(_ query: SQL) throws(ChatError) -> [Row]

    /// Runs a query and returns its first row, nil when there is none.
    func row(_ query: SQL) throws(ChatError) -> Row?
}

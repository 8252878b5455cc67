package import ChatProtocol

/// A storage engine: transactions over one installation's data.
///
/// What every engine promises, and the contract suite checks:
///
/// - A transaction is all or nothing. A closure that throws leaves no trace.
/// - When ``write(of:_:)`` returns, the change is on disk: it survives the death of the process and of the machine.
/// - The writes of one ``Turn`` happen one after the other as far as anyone can see, on whatever node they were asked
///   for: each of them sees all that came before it, from its first statement on.
/// - A ``read(_:)`` sees every write that returned before the read was called, and one state of the data from its first
///   statement to its last.
/// - When a commit fails, every write that was to be committed with it throws. It throws a ``DatabaseError`` of kind
///   `uncertain` when nobody can say whether the commit failed.
///
/// A closure may run more than once (an engine tries again when it lost against another transaction, or its connection
/// before anything was committed), so it has no effect outside its transaction. Engines know nothing of channels;
/// features know nothing of engines.
package protocol Database: Sendable {
    /// Queues an operation that reads.
    func enqueue(_ operation: ReadOperation)

    /// Queues an operation that writes, in a transaction of its own.
    func enqueue(_ operation: WriteOperation)

    /// Which history what the storage holds is of; 0 for an engine that cannot lose what it has committed.
    ///
    /// Another number than before means that writes which were answered last may be gone, as after a failover to a
    /// standby. It is known before anything of that history is read or written.
    var lineage: Int64 { get }

    /// Takes it from another node that the storage has come to this history, so that none that is older is taken for
    /// it.
    func learn(lineage: Int64)

    /// Adds a listener for the moments at which the storage turns out to be of another lineage; the first one that is
    /// found is no change.
    ///
    /// It is told before anything of that history is read or written, and before ``lineage`` says so. It must not block.
    func listenForLineages(_ listener: @escaping @Sendable (_ lineage: Int64) -> Void)

    /// Adds a listener for the moments at which it turns out that something may have been committed whose caller was
    /// refused with `uncertain` and whose actions were not done.
    ///
    /// It is told when the storage answers again, so that whoever reads then reads what there is. It must not block.
    func listenForUncertainty(_ listener: @escaping @Sendable () -> Void)

    /// Whether what the storage holds was found damaged.
    var damage: StorageDamage { get }

    /// How much is asked of the engine at this moment.
    var load: StorageLoad { get }

    /// Finishes what was asked for and closes the storage; every later operation is refused.
    func close() async
}

/// A read that waits for its turn: run once, or refused once.
package struct ReadOperation: QueuedOperation {
    /// Runs the operation and answers the caller.
    package let run: @Sendable (any Transaction) -> Void
    package let refuse: @Sendable (ChatError) -> Void

    package init(
        run: @escaping @Sendable (any Transaction) -> Void,
        refuse: @escaping @Sendable (ChatError) -> Void
    ) {
        (self.run, self.refuse) = (run, refuse)
    }
}

/// A write that waits for its turn: run, then answered when the commit that carries it is done; or refused.
package struct WriteOperation: QueuedOperation {
    /// What an operation came to, before the commit that makes it true.
    package struct Outcome: Sendable {
        /// Whether the operation threw, so that its changes must be undone.
        package let isFailure: Bool
        /// Answers the caller with what the operation returned or threw.
        package let answer: @Sendable () -> Void

        package init(isFailure: Bool, answer: @escaping @Sendable () -> Void) {
            (self.isFailure, self.answer) = (isFailure, answer)
        }
    }

    package let turn: Turn
    package let run: @Sendable (any Transaction) -> Outcome
    package let refuse: @Sendable (ChatError) -> Void

    package init(
        of turn: Turn,
        run: @escaping @Sendable (any Transaction) -> Outcome,
        refuse: @escaping @Sendable (ChatError) -> Void
    ) {
        (self.turn, self.run, self.refuse) = (turn, run, refuse)
    }
}

// Inlinable, so that each use is compiled for its own type of value; unspecialised, they cost several microseconds.
extension Database {
    /// Runs `body` in a transaction that reads.
    ///
    /// - Throws: what `body` throws, or an internal fault caused by a ``DatabaseError``.
    @inlinable
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws(ChatError) -> Value
    ) async throws(ChatError) -> Value {
        let result: Result<Value, ChatError> = await withCheckedContinuation { continuation in
            enqueue(
                ReadOperation { transaction in
                    continuation.resume(returning: Result { () throws(ChatError) in try body(transaction) })
                } refuse: { error in
                    continuation.resume(returning: .failure(error))
                }
            )
        }
        return try result.get()
    }

    /// Runs `body` in a transaction of its own and returns when the change is durable.
    ///
    /// - Parameter turn: an application's when the write neither reads nor changes anything but that application's
    ///   rows; ``Turn/installation`` is always right, and slow.
    /// - Throws: what `body` throws, or an internal fault caused by a ``DatabaseError``.
    @inlinable
    package func write<Value: Sendable>(
        of turn: Turn = .installation,
        _ body: @escaping @Sendable (any Transaction) throws(ChatError) -> Value
    ) async throws(ChatError) -> Value {
        let result: Result<Value, ChatError> = await withCheckedContinuation { continuation in
            enqueue(
                WriteOperation(of: turn) { transaction in
                    let result = Result { () throws(ChatError) in try body(transaction) }
                    let isFailure = if case .failure = result { true } else { false }
                    return WriteOperation.Outcome(isFailure: isFailure) { continuation.resume(returning: result) }
                } refuse: { error in
                    continuation.resume(returning: .failure(error))
                }
            )
        }
        return try result.get()
    }
}

/// The statements of one transaction, run one after the other.
///
/// Valid only inside the closure that it was handed to. When a statement has failed, so has the transaction: an engine
/// may refuse all that follows, whoever caught the error.
package protocol Transaction {
    /// Which history it reads and writes; as ``Database/lineage``, which may be a later one by now.
    var lineage: Int64 { get }

    /// Runs a statement and returns how many rows it changed.
    @discardableResult
    func execute(_ statement: SQL) throws(ChatError) -> Int

    /// Runs a query and returns every row; the query bounds their number.
    func rows(_ query: SQL) throws(ChatError) -> [Row]

    /// Runs a query and returns its first row, nil when there is none.
    func row(_ query: SQL) throws(ChatError) -> Row?

    /// Has `action` done once the change is durable, before the caller is answered; never when it is undone.
    ///
    /// The actions of one node and one ``Turn`` run one after the other in the order of the commits, so whoever is told by
    /// them hears of things in the order in which they became true; those of ``Turn/unordered`` run in any order. They
    /// run where the next commit waits: they must be short and must not block. A transaction that reads has no commit.
    func onCommit(_ action: @escaping @Sendable () -> Void)
}

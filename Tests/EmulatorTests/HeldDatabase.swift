import Database
import RostrumTesting
import Synchronization

/// A database that can keep one write's caller waiting after its commit.
final class HeldDatabase: ForwardingDatabase {
    private struct State {
        var holdsNext = false
        var heldAnswer: (@Sendable () -> Void)?
    }

    let database: any Database
    private let state = Mutex(State())
    private let commits = AsyncStream.makeStream(of: Void.self)

    init(_ database: any Database) {
        self.database = database
    }

    /// The next write is not answered before ``release()``.
    func holdNextWrite() {
        state.withLock { $0.holdsNext = true }
    }

    /// Returns when the write that is held has been committed.
    func nextCommit() async {
        for await _ in commits.stream { return }
    }

    func release() {
        let answer = state.withLock { state in
            defer { state.heldAnswer = nil }
            return state.heldAnswer
        }
        answer?()
    }

    func enqueue(_ operation: WriteOperation) {
        let isHeld = state.withLock { state in
            defer { state.holdsNext = false }
            return state.holdsNext
        }
        guard isHeld else { return database.enqueue(operation) }
        database.enqueue(
            WriteOperation(of: operation.turn) { transaction in
                let outcome = operation.run(transaction)
                return WriteOperation.Outcome(isFailure: outcome.isFailure) { [self] in
                    state.withLock { $0.heldAnswer = outcome.answer }
                    commits.continuation.yield()
                }
            } refuse: { error in
                operation.refuse(error)
            }
        )
    }
}

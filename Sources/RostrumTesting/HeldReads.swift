package import Database
import Dispatch
import Synchronization

/// A database whose next read can be kept where it has fixed what it sees, while the data is changed elsewhere, or all of
/// whose reads can be kept from beginning.
package final class HeldReads: ForwardingDatabase {
    private struct State {
        var next: (held: HeldTransaction, seesLater: Bool)?
        /// The reads that do not begin; nil when they do.
        var waiting: [ReadOperation]?
    }

    package let database: any Database
    private let state = Mutex(State())

    package init(_ database: any Database) {
        self.database = database
    }

    /// The next read sees the data as it is when it has begun, and goes on when it is told to.
    ///
    /// - Parameter seesLater: whether it begins only then.
    package func holdNext(seesLater: Bool = false) -> HeldTransaction {
        let held = HeldTransaction()
        state.withLock { $0.next = (held, seesLater) }
        return held
    }

    /// From now on no read begins before ``goOn()``.
    package func holdAll() {
        state.withLock { $0.waiting = $0.waiting ?? [] }
    }

    /// How many reads wait since ``holdAll()``.
    package var waitingCount: Int { state.withLock { $0.waiting?.count ?? 0 } }

    /// What waits begins, and reads wait no longer.
    package func goOn() {
        let waiting = state.withLock { state in
            defer { state.waiting = nil }
            return state.waiting ?? []
        }
        for operation in waiting { database.enqueue(operation) }
    }

    package func enqueue(_ operation: ReadOperation) {
        let (isWaiting, held) = state.withLock { state in
            guard state.waiting == nil else {
                state.waiting?.append(operation)
                return (true, nil as (held: HeldTransaction, seesLater: Bool)?)
            }
            defer { state.next = nil }
            return (false, state.next)
        }
        guard !isWaiting else { return }
        guard let (held, seesLater) = held else { return database.enqueue(operation) }
        guard !seesLater else {
            return DispatchQueue.global().async { [database] in
                held.hold()
                database.enqueue(operation)
            }
        }
        database.enqueue(
            ReadOperation { transaction in
                // A transaction sees the data as it is at its first statement.
                _ = try? transaction.row("SELECT count(*) FROM storage_properties")
                held.hold()
                operation.run(transaction)
            } refuse: { error in
                operation.refuse(error)
            }
        )
    }
}

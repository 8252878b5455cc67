package import Database
import Dispatch
import Synchronization

/// A database whose next read can be kept where it has fixed what it sees, while the data is changed elsewhere.
package final class HeldReads: Database {
    private let database: any Database
    private let next = Mutex<(held: HeldTransaction, seesLater: Bool)?>(nil)

    package init(_ database: any Database) {
        self.database = database
    }

    /// The next read sees the data as it is when it has begun, and goes on when it is told to.
    ///
    /// - Parameter seesLater: whether it begins only then.
    package func holdNext(seesLater: Bool = false) -> HeldTransaction {
        let held = HeldTransaction()
        next.withLock { $0 = (held, seesLater) }
        return held
    }

    package func enqueue(_ operation: ReadOperation) {
        let held = next.withLock { next in
            defer { next = nil }
            return next
        }
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

    package func enqueue(_ operation: WriteOperation) {
        database.enqueue(operation)
    }

    package func close() async {
        await database.close()
    }
}

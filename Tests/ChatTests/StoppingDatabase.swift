import ChatProtocol
import Database
import RostrumTesting
import Synchronization

/// A database of a process that ends: so many writes are done, and none after them.
final class StoppingDatabase: ForwardingDatabase {
    let database: any Database
    private let left: Mutex<Int>

    init(_ database: any Database, afterWrites count: Int) {
        self.database = database
        left = Mutex(count)
    }

    func enqueue(_ operation: WriteOperation) {
        let isDone = left.withLock { left in
            left -= 1
            return left >= 0
        }
        guard isDone else {
            return operation.refuse(.internalFault(DatabaseError(.unavailable, "the process has ended")))
        }
        database.enqueue(operation)
    }
}

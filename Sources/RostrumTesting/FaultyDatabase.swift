import ChatProtocol
package import Database
import Synchronization

/// A database that works until a test makes it fail.
package final class FaultyDatabase: ForwardingDatabase {
    package let database: any Database
    private let fault = Mutex<DatabaseError?>(nil)
    private let writeFault = Mutex<(error: DatabaseError?, after: Int)>((nil, 0))
    private let refused = Mutex((reads: 0, writes: 0))
    private let uncertaintyListeners = Mutex<[@Sendable () -> Void]>([])

    package init(_ database: any Database) {
        self.database = database
    }

    private let asked = Atomic(0)

    /// How many writing transactions were asked for, whatever came of them.
    package var writes: Int { asked.load(ordering: .relaxed) }

    /// How many reading transactions have failed.
    package var refusedReads: Int { refused.withLock { $0.reads } }
    /// How many writing transactions have failed.
    package var refusedWrites: Int { refused.withLock { $0.writes } }

    /// From now on every transaction fails with this; nil makes it work again.
    package func fail(with error: DatabaseError?) {
        fault.withLock { $0 = error }
    }

    /// The same of transactions that write; others go on working.
    ///
    /// - Parameter count: how many of them work before.
    package func failWrites(after count: Int = 0, with error: DatabaseError?) {
        writeFault.withLock { $0 = (error, count) }
    }

    package func enqueue(_ operation: ReadOperation) {
        if let error = fault.withLock({ $0 }) {
            refused.withLock { $0.reads += 1 }
            return operation.refuse(.internalFault(error))
        }
        database.enqueue(operation)
    }

    package func enqueue(_ operation: WriteOperation) {
        asked.wrappingAdd(1, ordering: .relaxed)
        let writeFault = writeFault.withLock { fault -> DatabaseError? in
            guard fault.after > 0 else { return fault.error }
            fault.after -= 1
            return nil
        }
        if let error = fault.withLock({ $0 }) ?? writeFault {
            refused.withLock { $0.writes += 1 }
            return operation.refuse(.internalFault(error))
        }
        database.enqueue(operation)
    }

    package func listenForUncertainty(_ listener: @escaping @Sendable () -> Void) {
        uncertaintyListeners.withLock { $0.append(listener) }
        database.listenForUncertainty(listener)
    }

    /// Says that something may have been committed of which nobody was told.
    package func tellOfUncertainty() {
        for listener in uncertaintyListeners.withLock({ $0 }) { listener() }
    }
}

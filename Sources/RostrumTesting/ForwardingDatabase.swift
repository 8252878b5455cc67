package import Database

/// A database that leaves to another one what it does not do in its own way, so that no wrapper forgets anything.
package protocol ForwardingDatabase: Database {
    var database: any Database { get }
}

extension ForwardingDatabase {
    package func enqueue(_ operation: ReadOperation) {
        database.enqueue(operation)
    }

    package func enqueue(_ operation: WriteOperation) {
        database.enqueue(operation)
    }

    package var lineage: Int64 { database.lineage }

    package func learn(lineage: Int64) {
        database.learn(lineage: lineage)
    }

    package func listenForLineages(_ listener: @escaping @Sendable (_ lineage: Int64) -> Void) {
        database.listenForLineages(listener)
    }

    package func listenForUncertainty(_ listener: @escaping @Sendable () -> Void) {
        database.listenForUncertainty(listener)
    }

    package var damage: StorageDamage { database.damage }

    package var load: StorageLoad { database.load }

    package func close() async {
        await database.close()
    }
}

import Chat
import ChatProtocol
import Database
import RostrumTesting
import Synchronization

/// A database whose next read can be kept where it has fixed what it sees, while the data is changed elsewhere.
final class HeldReads: Database {
    private let database: any Database
    private let next = Mutex<HeldTransaction?>(nil)

    init(_ database: any Database) {
        self.database = database
    }

    /// The next read sees the data as it is when it has begun, and goes on when it is told to.
    func holdNext() -> HeldTransaction {
        let held = HeldTransaction()
        next.withLock { $0 = held }
        return held
    }

    func enqueue(_ operation: ReadOperation) {
        let held = next.withLock { next in
            defer { next = nil }
            return next
        }
        guard let held else { return database.enqueue(operation) }
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

    func enqueue(_ operation: WriteOperation) {
        database.enqueue(operation)
    }

    func close() async {
        await database.close()
    }
}

extension StorageEngine {
    /// Hands `body` two nodes over one storage, each with a connection of its own, and what holds the first one's reads.
    func withHeldReads(
        _ body: (_ node: TestInstallation, _ other: TestInstallation, _ reads: HeldReads) async throws -> Void
    ) async throws {
        try await withStorage { storage in
            try await storage.withDatabase { first in
                try await storage.withDatabase { second in
                    try await first.migrate(Schema.migrations)
                    let reads = HeldReads(first)
                    let node = TestInstallation(database: reads)
                    let other = TestInstallation(database: second, clock: node.clock, random: node.random)
                    _ = try await other.applications.create(.example(), by: other.operation())
                    try await body(node, other, reads)
                }
            }
        }
    }
}

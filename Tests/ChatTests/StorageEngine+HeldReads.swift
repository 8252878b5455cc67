import Chat
import Database
import RostrumTesting

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

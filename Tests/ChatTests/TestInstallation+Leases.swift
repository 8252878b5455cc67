import Chat
import ChatProtocol
import Database
import RostrumTesting

extension TestInstallation {
    /// The nodes that the storage knows.
    func nodes() async throws -> Set<String> {
        try await database.read { tx throws(ChatError) in
            Set(try tx.rows("SELECT node FROM nodes").map { row throws(ChatError) in try row.text(0) })
        }
    }

    /// Whether what a node writes about webhooks under a lease is still taken; something must wait.
    func isValid(_ lease: Lease) async throws -> Bool {
        guard let lane = try await due().first else { throw NothingWaits() }
        // It says nothing of any event, so nothing changes.
        return try await deliveries.settle(Outbox.Settlement(of: []), of: lane, of: .example, under: lease)
    }

    struct NothingWaits: Error {}
}

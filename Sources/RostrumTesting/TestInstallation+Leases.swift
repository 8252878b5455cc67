package import Chat
package import ChatProtocol

extension TestInstallation {
    /// What a node has that nobody else can be beside: every lease.
    package var allLeases: Leases {
        Leases(.alone, database: database, random: SeededRandom())
    }

    /// What a node has that may have company.
    ///
    /// - Parameters:
    ///   - seed: another one for each node.
    ///   - time: as it passes for the node.
    package func leases(seed: UInt64, time: ManualTime) -> Leases {
        Leases(.others, database: database, random: SeededRandom(seed: seed)) { time.now }
    }

    /// Writes down what became of a lane's events, as a node does that nobody else can be beside.
    package func settle(
        _ settlement: Outbox.Settlement,
        of lane: Outbox.Lane,
        of application: SDKAppID = .example
    ) async throws(ChatError) {
        guard let lease = try await allLeases.lease(of: .webhooks(application)) else { return }
        _ = try await systems.deliveries.settle(settlement, of: lane, of: application, under: lease)
    }
}

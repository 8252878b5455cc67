package import Chat
import Database
import EventBus
package import EventBusNATS
import Gateway
package import Metrics
package import WebhookDelivery

/// An installation, opened: the systems of the domain over its storage, and what must be closed with it.
package struct Installation: Sendable {
    package let systems: Systems
    /// The live sessions of this node.
    let sessions = SessionRegistry()
    /// How it is between the nodes; nil when there is one alone.
    let bus: NATSEventBus?
    private let sender: HTTPWebhookSender

    /// - Parameters:
    ///   - bus: by which nodes on the same storage hear of each other; closed with the installation.
    ///   - webhookPolicy: which addresses webhooks may reach.
    ///   - overrides: limits above every plan.
    ///   - metrics: where what happens is counted.
    package init(
        _ storage: OpenStorage,
        bus: NATSEventBus? = nil,
        clock: any WallClock,
        webhookPolicy: AddressPolicy = AddressPolicy(),
        overrides: [Limits.Name: Int64] = [:],
        metrics: any MetricsFactory = NOOPMetricsHandler.instance
    ) {
        self.bus = bus
        sender = HTTPWebhookSender(policy: webhookPolicy)
        let sessions = sessions
        let database = storage.database
        bus?.compareLineages(own: { database.lineage }, heard: { database.learn(lineage: $0) })
        let events: any EventBus = bus ?? InProcessEventBus()
        systems = Systems(
            database: storage.database,
            bus: events,
            clock: clock,
            random: storage.random,
            secrets: storage.secrets,
            generation: storage.generation,
            sender: sender,
            presence: bus.map { ClusterPresence(sessions, $0) } ?? sessions,
            overrides: overrides,
            metrics: metrics
        )
        // The other nodes may not have used the storage since: they are to look, instead of finding it out by and by.
        database.listenForLineages { events.publish(.storageChanged(lineage: $0)) }
    }

    package func close() async {
        await sender.close()
        await bus?.close()
        await systems.database.close()
    }
}

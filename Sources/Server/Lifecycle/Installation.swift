package import Chat
import Database
import EventBus
import Gateway
package import WebhookDelivery

/// An installation, opened: the systems of the domain over its storage, and what must be closed with it.
package struct Installation: Sendable {
    package let systems: Systems
    /// The live sessions of this node.
    let sessions = SessionRegistry()
    private let sender: HTTPWebhookSender

    /// - Parameters:
    ///   - webhookPolicy: which addresses webhooks may reach.
    ///   - overrides: limits above every plan.
    package init(
        _ storage: OpenStorage,
        clock: any WallClock,
        webhookPolicy: AddressPolicy = AddressPolicy(),
        overrides: [Limits.Name: Int64] = [:]
    ) {
        sender = HTTPWebhookSender(policy: webhookPolicy)
        systems = Systems(
            database: storage.database,
            bus: InProcessEventBus(),
            clock: clock,
            random: storage.random,
            secrets: storage.secrets,
            generation: storage.generation,
            sender: sender,
            presence: sessions,
            overrides: overrides
        )
    }

    package func close() async {
        await sender.close()
        await systems.database.close()
    }
}

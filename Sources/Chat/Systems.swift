import ChatProtocol
package import Database
package import EventBus
package import Metrics

/// The systems of the domain, wired over one storage: what servers, the command line and tests have in common.
package struct Systems: Sendable {
    package let database: any Database
    package let bus: any EventBus
    package let clock: any WallClock
    package let random: any RandomSource
    package let generation: StorageGeneration
    package let applications: Applications
    package let accounts: Accounts
    package let channels: OfficialChannels
    package let subscribers: Subscribers
    package let broadcasts: Broadcasts
    package let receipts: BroadcastReceipts
    package let timeline: Timeline
    package let presence: any Presence
    package let webhooks: Webhooks
    package let deliveries: Deliveries
    package let sweep: Sweep
    package let operators: Operators

    /// - Parameters:
    ///   - generation: the storage's.
    ///   - sender: posts webhooks.
    ///   - presence: knows the live connections.
    ///   - overrides: limits above every plan and application.
    ///   - metrics: where what happens is counted.
    package init(
        database: any Database,
        bus: any EventBus,
        clock: any WallClock,
        random: any RandomSource,
        secrets: SecretBox,
        generation: StorageGeneration,
        sender: any WebhookSender,
        presence: any Presence = NoPresence(),
        overrides: [Limits.Name: Int64] = [:],
        metrics: any MetricsFactory = NOOPMetricsHandler.instance
    ) {
        (self.database, self.bus, self.clock, self.random) = (database, bus, clock, random)
        self.generation = generation
        self.presence = presence
        applications = Applications(
            database: database,
            bus: bus,
            clock: clock,
            secrets: secrets,
            overrides: overrides
        )
        accounts = Accounts(database: database, bus: bus)
        webhooks = Webhooks(
            database: database,
            bus: bus,
            sender: sender,
            clock: clock,
            random: random,
            counters: WebhookCounters(metrics)
        )
        let announcer = ChannelAnnouncer(bus: bus, clock: clock, generation: generation)
        channels = OfficialChannels(database: database, webhooks: webhooks, announcer: announcer, random: random)
        subscribers = Subscribers(database: database, webhooks: webhooks, announcer: announcer)
        broadcasts = Broadcasts(
            database: database,
            webhooks: webhooks,
            announcer: announcer,
            clock: clock,
            counters: BroadcastCounters(metrics)
        )
        receipts = BroadcastReceipts(database: database)
        timeline = Timeline(database: database, generation: generation)
        deliveries = Deliveries(database: database, bus: bus, clock: clock)
        // Operators live in the machine's time, also where a test moves the emulator's.
        operators = Operators(
            database: database,
            clock: SystemClock(),
            random: random,
            secrets: secrets,
            metrics: metrics
        )
        sweep = Sweep(
            database: database,
            applications: applications,
            accounts: accounts,
            operators: operators,
            clock: clock
        )
        // What was committed then was told to nobody.
        database.listenForUncertainty { bus.tellOfGap() }
    }
}

extension Systems {
    /// Which history of the storage is the present one; as ``Database/lineage``.
    package var lineage: Int64 { database.lineage }

    /// Adds a listener for another one; as ``Database/listenForLineages(_:)``.
    package func listenForLineages(_ listener: @escaping @Sendable (_ lineage: Int64) -> Void) {
        database.listenForLineages(listener)
    }
}

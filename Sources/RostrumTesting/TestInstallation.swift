package import Chat
package import ChatProtocol
package import Metrics
package import Database
package import EventBus

/// Everything of `Chat`, wired over a database of its own, with one enterprise application.
///
/// ```swift
/// @Test("…", arguments: StorageEngine.enabled)
/// func something(engine: StorageEngine) async throws {
///     try await engine.withInstallation { installation in
///         try await installation.importAccounts("anna")
///         let id = try await installation.channels.create(.example(), for: installation.call())
///     }
/// }
/// ```
package struct TestInstallation: Sendable {
    package let systems: Systems
    package let bus: any EventBus
    package let clock: ManualClock
    package let random: SeededRandom
    /// The backend that webhooks are posted to.
    package let backend: ScriptedSender
    /// Who has a live connection.
    package let presence: ScriptedPresence
    package let secrets: SecretBox
    package let metrics: any MetricsFactory
    package let authentication: Authentication

    package var database: any Database { systems.database }
    package var applications: Applications { systems.applications }
    package var accounts: Accounts { systems.accounts }
    package var channels: OfficialChannels { systems.channels }
    package var subscribers: Subscribers { systems.subscribers }
    package var broadcasts: Broadcasts { systems.broadcasts }
    package var timeline: Timeline { systems.timeline }
    package var receipts: BroadcastReceipts { systems.receipts }

    /// A node over `database`; several nodes over one database share nothing else than the clock.
    ///
    /// - Parameters:
    ///   - overrides: as from `rostrum dev --limits`.
    ///   - cachedTokens: how many verified UserSigs are remembered.
    ///   - live: who has a live connection, in place of ``presence``.
    package init(
        database: any Database,
        clock: ManualClock = ManualClock(),
        random: SeededRandom = SeededRandom(),
        metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        overrides: [Limits.Name: Int64] = [:],
        cachedTokens: Int = 20_000,
        bus: any EventBus = InProcessEventBus(),
        live: (any Presence)? = nil
    ) {
        self.bus = bus
        backend = ScriptedSender()
        presence = ScriptedPresence()
        secrets = SecretBox(.example)
        (self.clock, self.random, self.metrics) = (clock, random, metrics)
        systems = Systems(
            database: database,
            bus: bus,
            clock: clock,
            random: random,
            secrets: secrets,
            generation: StorageGeneration(Self.generation, of: database),
            sender: backend,
            presence: live ?? presence,
            overrides: overrides,
            metrics: metrics
        )
        authentication = Authentication(
            database: database,
            bus: bus,
            clock: clock,
            metrics: metrics,
            capacity: cachedTokens
        )
    }

    /// Another node over the same database and clock, on a bus of its own: it hears no event of this one.
    package func anotherNode() -> TestInstallation {
        TestInstallation(database: database, clock: clock, random: random)
    }

    /// The same systems with another source of randomness, or posting webhooks through another sender.
    package func systems(random: (any RandomSource)? = nil, sender: (any WebhookSender)? = nil) -> Systems {
        Systems(
            database: database,
            bus: bus,
            clock: clock,
            random: random ?? self.random,
            secrets: secrets,
            generation: systems.generation,
            sender: sender ?? backend,
            presence: presence,
            metrics: metrics
        )
    }

    /// The number of every installation's storage.
    private static let generation = "7e57"

    /// The application, read past every cache.
    package func application(_ id: SDKAppID = .example) async throws -> Application {
        guard let application = try await applications.load(id) else {
            throw NoSuchApplication(id: id)
        }
        return application
    }

    /// A call at this moment, with the application as it is now and a request ID of its own.
    ///
    /// - Parameter idempotencyKey: as the header's; nil for none.
    package func call(
        as caller: UserID = .administrator,
        of id: SDKAppID = .example,
        from address: String = "192.0.2.1",
        on platform: ClientPlatform = .restAPI,
        idempotencyKey: IdempotencyKey? = nil
    ) async throws -> Call {
        Call(
            application: try await application(id),
            caller: caller,
            address: address,
            platform: platform,
            requestID: random.hex(bytes: 16),
            time: clock.now,
            idempotency: idempotencyKey
        )
    }

    /// A change by an operator at this moment.
    package func operation(by performer: String = "cli:alice") -> Operation {
        Operation(performer: performer, time: clock.now, random: random)
    }

    /// Imports accounts of the example application.
    package func importAccounts(_ ids: String...) async throws {
        let refused = try await accounts.importAll(ids.map { NewAccount(id: UserID($0)) }, for: try await call())
        guard refused.isEmpty else { throw ImportRefused(refusals: refused) }
    }

    /// Gives an application limits of its own.
    package func setLimits(_ limits: [Limits.Name: Int64?], of id: SDKAppID = .example) async throws {
        var change = ApplicationChange()
        change.ownLimits = limits
        _ = try await applications.update(id, change, by: operation())
    }

    /// The newest audit entries of an application, newest first.
    package func audit(of id: SDKAppID = .example) async throws -> [AuditEntry] {
        try await database.read { tx throws(ChatError) in try Audit.newest(1000, of: id, in: tx) }
    }

    package struct NoSuchApplication: Error {
        package let id: SDKAppID
    }

    package struct ImportRefused: Error {
        package let refusals: [Accounts.Refusal]
    }
}

extension StorageEngine {
    /// Hands `body` an installation over a database of its own, with the example application in it.
    package func withInstallation<Value>(
        plan: Plan = .enterprise,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        overrides: [Limits.Name: Int64] = [:],
        cachedTokens: Int = 20_000,
        _ body: (TestInstallation) async throws -> Value
    ) async throws -> Value {
        try await withDatabase { database in
            let installation = TestInstallation(
                database: database,
                metrics: metrics,
                overrides: overrides,
                cachedTokens: cachedTokens
            )
            _ = try await installation.applications.create(.example(plan: plan), by: installation.operation())
            return try await body(installation)
        }
    }
}

import AsyncAlgorithms
package import Chat
import ChatProtocol
import EventBus
package import Logging
package import Metrics
import NIOCore
import ServiceLifecycle
package import WebSockets

/// The live connections of this node: sessions, rooms, delivery.
///
/// What is committed on any node comes by the event bus. A channel's event that is lost costs at most 5 s: a little more
/// often the heads of all rooms are compared with the storage, and the applications of all sessions looked at. Everything
/// else is made good at once when the bus says that it may have lost something, and otherwise within a minute.
///
/// Source: design section 4.
package final class Gateway: Service {
    /// Where subscribers log in.
    package static let path = "/v4/ws"
    /// How often the storage is compared with what was heard.
    ///
    /// What was lost is brought within 5 s, as the protocol promises: the second look at what is missing comes
    /// ``deliveryTime`` later, and the readings take their time.
    package static let comparisonInterval = Duration.milliseconds(4500)
    /// How long a committed event may be on its way to a node before it counts as not heard.
    package static let deliveryTime = Duration.milliseconds(200)
    /// In what time every session is compared with what the storage says of its user.
    package static let reconciliationInterval = Duration.seconds(60)
    /// How often receipts are written.
    package static let receiptInterval = Duration.milliseconds(500)
    /// For how long a message that the storage does not have is remembered, unless newer ones take its place; at most it
    /// is twice as long.
    package static let memory = Duration.seconds(150)
    /// How many sessions at once read much from the storage, as at a login or for a page; the others wait in line.
    package static let readersAtOnce = 16

    let shared: GatewayShared
    private let systems: Systems
    private let logger: Logger
    private let comparisonInterval: Duration
    private let memory: Duration
    private let comparison: Comparison
    private let reconciliation: Reconciliation

    /// The login: what answers at `GET /v4/ws`.
    package let door: any WebSocketDoor

    /// - Parameters:
    ///   - sessions: where the sessions of this node are known; the systems ask it who is online.
    ///   - address: whose request an upgrade is, when proxies stand between.
    ///   - comparisonInterval: how often the storage is compared with what was heard.
    ///   - deliveryTime: how long an event may be on its way before it counts as not heard.
    ///   - reconciliationInterval: in what time every session is compared with what the storage says of its user.
    ///   - memory: for how long a message that the storage does not have is remembered.
    package init(
        _ systems: Systems,
        sessions: SessionRegistry,
        admission: Admission,
        addressLimits: AddressLimits.Settings = .default,
        comparisonInterval: Duration = Gateway.comparisonInterval,
        deliveryTime: Duration = Gateway.deliveryTime,
        reconciliationInterval: Duration = Gateway.reconciliationInterval,
        memory: Duration = Gateway.memory,
        address: @escaping @Sendable (UpgradeRequest) -> String,
        metrics factory: any MetricsFactory,
        logger: Logger
    ) {
        (self.systems, self.logger) = (systems, logger)
        (self.comparisonInterval, self.memory) = (comparisonInterval, memory)
        let metrics = GatewayMetrics(factory: factory)
        let reader = EventReader(
            timeline: systems.timeline,
            applications: systems.applications,
            generation: systems.generation,
            clock: systems.clock,
            jobs: Jobs(),
            deliveryTime: deliveryTime,
            logger: logger
        )
        let turnstile = Turnstile(atOnce: Self.readersAtOnce)
        let shared = GatewayShared(
            bus: systems.bus,
            node: systems.random.number(),
            rooms: Rooms(reader: reader, bus: systems.bus) { systems.lineage },
            reader: reader,
            receipts: ReceiptBook(
                receipts: systems.receipts,
                clock: systems.clock,
                metrics: metrics,
                logger: logger
            ),
            sessions: sessions,
            addresses: AddressLimits(addressLimits),
            methods: Methods(systems: systems, turnstile: turnstile, metrics: metrics, logger: logger),
            turnstile: turnstile,
            metrics: metrics
        )
        self.shared = shared
        comparison = Comparison(shared, systems, deliveryTime: deliveryTime, logger: logger)
        reconciliation = Reconciliation(shared, systems, interval: reconciliationInterval, logger: logger)
        door = GatewayDoor(
            shared: shared,
            systems: systems,
            admission: admission,
            address: address,
            logger: logger
        )
        systems.listenForLineages { [weak self] lineage in self?.storageChanged(to: lineage) }
        systems.bus.listen { [weak self] event in self?.hear(event) }
    }

    /// What this node keeps for its clients; all nothing when nobody is there.
    package struct Census: Sendable, Equatable {
        package let sessions: Int
        package let rooms: Int
        /// Sessions by the count of their addresses.
        package let addresses: Int

        package init(sessions: Int = 0, rooms: Int = 0, addresses: Int = 0) {
            (self.sessions, self.rooms, self.addresses) = (sessions, rooms, addresses)
        }
    }

    package var census: Census {
        Census(
            sessions: shared.sessions.count,
            rooms: shared.rooms.followed.references.count,
            addresses: shared.addresses.openSessions
        )
    }

    /// How many sessions the address has that has most, and how many it may have; 0 = no limit.
    package var fullestAddress: (sessions: Int, limit: Int) { shared.addresses.fullest }

    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.shared.jobs.run() }
            group.addTask {
                for await _ in AsyncTimerSequence(interval: Self.receiptInterval, clock: .continuous)
                    .cancelOnGracefulShutdown()
                {
                    await self.shared.receipts.write()
                }
                await self.shared.receipts.write()
            }
            group.addTask {
                for await _ in AsyncTimerSequence(interval: self.memory, clock: .continuous).cancelOnGracefulShutdown()
                {
                    self.shared.rooms.forgetUnstored()
                }
            }
            group.addTask {
                for await occasion in self.reconciliation.occasions.cancelOnGracefulShutdown() {
                    // First who is to follow what, so that nobody is brought what he has left.
                    await self.reconciliation.perform(occasion)
                    if case .everybody = occasion { await self.comparison.perform() }
                }
            }
            for await _ in AsyncTimerSequence(interval: comparisonInterval, clock: .continuous)
                .cancelOnGracefulShutdown()
            {
                await comparison.perform()
            }
            shared.stopHubs()
            // Nothing is done for anybody from here on.
            for (_, sessions) in shared.sessions.byApplication { shared.end(sessions, .goingAway) }
            shared.jobs.finish()
        }
    }

    private func hear(_ event: Event) {
        switch event {
        case .channel(let event): shared.rooms.hear(event)
        case .channelMoved(let reference, let head, let lineage): shared.rooms.hear(of: reference, at: head, lineage)
        case .subscriptions(let event): hear(event)
        case .accountKicked(let application, let user, let lineage):
            end(shared.sessions.sessions(of: [user], in: application), .kicked, heardOf: lineage)
        case .accountsDeleted(let application, let users, let lineage):
            end(shared.sessions.sessions(of: users, in: application), .accountDeleted, heardOf: lineage)
        case .applicationEmptied(let application, let lineage):
            end(shared.sessions.sessions(in: application), .accountDeleted, heardOf: lineage)
        case .applicationChanged(let application):
            guard !shared.sessions.sessions(in: application).isEmpty else { return }
            _ = shared.jobs.add {
                await self.comparison.look(at: application, self.shared.sessions.sessions(in: application))
            }
        case .sessions(let told): shared.rounds.hear(told)
        case .storageChanged(let lineage): hearOfStorage(lineage)
        case .outboxFilled: break
        }
    }

    private func hear(_ event: SubscriptionEvent) {
        let sessions = concerned(
            among: shared.sessions.sessions(of: event.users, in: event.reference.application),
            by: event.lineage
        )
        guard !sessions.isEmpty else { return }
        let frame = SubscriptionFrame.telling(of: event)
        for session in sessions { session.hub.eventLoop.execute { session.apply(event, frame) } }
    }

    /// The sessions of the term to which something belongs that was heard: in another one it may not be so, and numbers
    /// mean something else.
    ///
    /// - Parameter lineage: that what was heard is of.
    private func concerned(among sessions: [Session], by lineage: Int64) -> [Session] {
        guard !sessions.isEmpty, let term = shared.rooms.term(of: lineage) else { return [] }
        return sessions.filter { $0.term == term }
    }

    /// Ends sessions because of something that was heard.
    private func end(_ sessions: [Session], _ end: SessionEnd, heardOf lineage: Int64) {
        shared.end(concerned(among: sessions, by: lineage), end)
    }

    /// Has every client come again when posts that it got may be lost: what it is told then has another epoch, and no
    /// room goes on from where the lost ones had brought it.
    private func storageChanged(to lineage: Int64) {
        shared.rooms.reset(to: lineage)
        logger.warning("the storage's history is another one; all sessions are ended and resume")
        for (_, sessions) in shared.sessions.byApplication { shared.end(sessions, .storageChanged) }
    }

    /// Uses the storage, by which this node finds what another one has found.
    ///
    /// If that fails, the next comparison finds it.
    private func hearOfStorage(_ lineage: Int64) {
        guard lineage > systems.lineage else { return }
        // A gateway that stops has no use for an answer.
        _ = shared.jobs.add {
            do throws(ChatError) {
                try await StorageGeneration.look(at: self.systems.database)
            } catch {
                self.logger.fault("cannot look at a storage that is said to have changed", error)
            }
        }
    }
}

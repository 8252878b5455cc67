import Chat
import EventBus
import NIOCore
import Synchronization

/// What the sessions and loops of a gateway have in common.
final class GatewayShared: Sendable {
    let bus: any EventBus
    let rooms: Rooms
    let reader: EventReader
    let receipts: ReceiptBook
    let sessions: SessionRegistry
    let addresses: AddressLimits
    let methods: Methods
    let metrics: GatewayMetrics
    let rounds: SessionRounds
    let doubts = Doubts()
    let clock: any WallClock
    let generation: StorageGeneration
    let jobs: Jobs
    /// Passed by whoever reads much for one session: logins, `resume`, pages.
    let turnstile: Turnstile
    private let hubs = Mutex<[ObjectIdentifier: LoopHub]>([:])

    init(
        bus: any EventBus,
        node: Int64,
        rooms: Rooms,
        reader: EventReader,
        receipts: ReceiptBook,
        sessions: SessionRegistry,
        addresses: AddressLimits,
        methods: Methods,
        turnstile: Turnstile,
        metrics: GatewayMetrics
    ) {
        (self.bus, self.rooms, self.reader) = (bus, rooms, reader)
        (self.receipts, self.sessions) = (receipts, sessions)
        rounds = SessionRounds(sessions: sessions, bus: bus, node: node)
        (self.addresses, self.methods, self.metrics) = (addresses, methods, metrics)
        (clock, generation, jobs, self.turnstile) = (reader.clock, reader.generation, reader.jobs, turnstile)
    }

    /// The hub of an event loop, made when it is first asked for.
    func hub(of eventLoop: any EventLoop) -> LoopHub {
        hubs.withLock { hubs in
            if let hub = hubs[ObjectIdentifier(eventLoop)] { return hub }
            let hub = LoopHub(eventLoop, self)
            hubs[ObjectIdentifier(eventLoop)] = hub
            hub.start()
            return hub
        }
    }

    /// Ends sessions, each on its event loop.
    func end(_ sessions: [Session], _ end: SessionEnd) {
        for sessions in Dictionary(grouping: sessions, by: { ObjectIdentifier($0.hub) }).values {
            guard let hub = sessions.first?.hub else { continue }
            hub.eventLoop.execute { hub.end(sessions, end) }
        }
    }

    /// Ends what the hubs do by themselves.
    func stopHubs() {
        for hub in hubs.withLock({ Array($0.values) }) { hub.stop() }
    }
}

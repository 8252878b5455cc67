import ChatProtocol
import Dispatch
import EventBus
import Synchronization

/// What this node has to say, on its way to the bus: taken at once, written by a thread of its own.
///
/// Whoever publishes stands at the end of a commit and must not wait for a network. While the bus is away events are
/// kept, up to a bound; what goes beyond it is counted, and the other nodes are told that something is missing.
final class Outgoing: Sendable {
    /// The most events that wait, and about how many bytes.
    static let mostEvents = 20_000
    static let mostBytes = 8 << 20
    /// How many of them may be ``Event/sessions(_:)``: a node that asks for all its users takes no place from what was
    /// committed.
    static let mostSessions = mostEvents / 2

    private enum Item {
        case event(Event)
        case message(Publication)

        /// Whether it means something on a later connection.
        var isKept: Bool { if case .event = self { true } else { false } }
        var isOfSessions: Bool { if case .event(.sessions) = self { true } else { false } }
    }

    private struct State {
        var items: [Item] = []
        var bytes = 0
        /// How many items tell of sessions.
        var sessions = 0
        var connection: NATSConnection?
        /// Whether the other nodes are to be told that something may be missing.
        var hasGap = false
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let ended = DispatchGroup()
    private let publisher: Publisher
    private let metrics: BusMetrics

    init(_ publisher: Publisher, _ metrics: BusMetrics) {
        (self.publisher, self.metrics) = (publisher, metrics)
        DispatchQueue(label: "rostrum.bus.outgoing").async(group: ended) { [self] in run() }
    }

    func add(_ event: Event) {
        let size = Self.size(of: event)
        let isTaken = state.withLock { state in
            let item = Item.event(event)
            guard state.items.count < Self.mostEvents, state.bytes + size <= Self.mostBytes, !state.isStopped,
                !item.isOfSessions || state.sessions < Self.mostSessions
            else {
                // Which sessions there are is asked again anyway, and by every node that hears of a gap.
                if !item.isOfSessions { state.hasGap = true }
                return false
            }
            state.items.append(item)
            state.bytes += size
            if item.isOfSessions { state.sessions += 1 }
            return true
        }
        if isTaken { wake.signal() } else { metrics.lost(1) }
    }

    /// Has the other nodes told, after everything that waits, that something is missing.
    func addGap() {
        state.withLock { $0.hasGap = true }
        wake.signal()
    }

    /// A message that means nothing later: sent now or not at all.
    func add(_ message: Publication) {
        let isTaken = state.withLock { state in
            guard state.connection != nil, state.items.count < Self.mostEvents else { return false }
            state.items.append(.message(message))
            return true
        }
        if isTaken { wake.signal() }
    }

    /// Goes on over a connection; nil: keeps events until there is one.
    func use(_ connection: NATSConnection?) {
        state.withLock { state in
            if connection == nil, state.connection != nil {
                // What the socket held may be lost.
                state.hasGap = true
                state.items.removeAll { !$0.isKept }
            }
            state.connection = connection
        }
        wake.signal()
    }

    /// Writes what is there, as far as there is a connection, and ends.
    func stop() {
        state.withLock { $0.isStopped = true }
        wake.signal()
        ended.wait()
    }

    private func run() {
        while true {
            wake.wait()
            while let (items, connection) = take() { write(items, over: connection) }
            if state.withLock({ $0.isStopped }) { return }
        }
    }

    private func take() -> ([Item], NATSConnection)? {
        state.withLock { state in
            guard let connection = state.connection, !state.items.isEmpty || state.hasGap else { return nil }
            // After everything that was kept, and not only when nothing more comes: that may never be.
            let gap: [Item] = state.hasGap ? [.message(publisher.gap)] : []
            defer { (state.items, state.bytes, state.sessions, state.hasGap) = ([], 0, 0, false) }
            return (state.items + gap, connection)
        }
    }

    private func write(_ items: [Item], over connection: NATSConnection) {
        for (index, item) in items.enumerated() {
            guard write(item, over: connection) != .broken else {
                putBack(items[index...], from: connection)
                // It may seem to be well otherwise, and then nobody else would end it.
                return connection.close()
            }
        }
    }

    private func write(_ item: Item, over connection: NATSConnection) -> NATSConnection.Writing {
        switch item {
        case .message(let message): return connection.publish(message)
        case .event(let event):
            let limit = connection.mostBytes
            guard limit > 0 else { return .broken }
            guard let publications = publisher.publications(of: event, limit: limit) else { return refuse() }
            for publication in publications {
                switch connection.publish(publication) {
                case .written: break
                case .refused: return refuse()
                case .broken: return .broken
                }
            }
            metrics.publishedOne()
            return .written
        }
    }

    /// An event does not get onto the bus, now or later.
    private func refuse() -> NATSConnection.Writing {
        metrics.lost(1)
        state.withLock { $0.hasGap = true }
        return .refused
    }

    /// Keeps what could not be written for the next connection.
    private func putBack(_ items: ArraySlice<Item>, from connection: NATSConnection) {
        state.withLock { state in
            let events = items.filter(\.isKept)
            state.items = events + state.items.filter(\.isKept)
            state.sessions = state.items.count(where: \.isOfSessions)
            state.bytes += events.reduce(0) { sum, item in
                if case .event(let event) = item { sum + Self.size(of: event) } else { sum }
            }
            state.hasGap = true
            if state.connection === connection { state.connection = nil }
        }
    }

    private static func size(of event: Event) -> Int {
        switch event {
        case .channel(let event): 200 + (event.notification?.parameters.count ?? 0)
        case .subscriptions(let event):
            if case .subscribed(_, let parameters) = event.change {
                200 + parameters.count + 40 * event.users.count
            } else {
                200 + 40 * event.users.count
            }
        default: 200
        }
    }
}

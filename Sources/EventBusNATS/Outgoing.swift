import Dispatch
import EventBus
import Synchronization

/// What this node has to say, on its way to the bus: taken at once, written by a thread of its own.
///
/// Whoever publishes stands at the end of a commit and must not wait for a network. While the bus is away what was
/// committed is kept, up to a bound; what goes beyond it is counted, and the other nodes are told that something is
/// missing.
final class Outgoing: Sendable {
    private struct State {
        var queue = OutgoingQueue()
        var connection: NATSConnection?
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
        let admission = state.withLock { state in
            guard !state.isStopped else {
                state.queue.addGap()
                return OutgoingQueue.Admission.full
            }
            return state.queue.add(.event(event), isConnected: state.connection != nil)
        }
        switch admission {
        case .taken: wake.signal()
        case .full: metrics.lost(1)
        case .needless: break
        }
    }

    /// Has the other nodes told, after everything that waits, that something is missing.
    func addGap() {
        state.withLock { $0.queue.addGap() }
        wake.signal()
    }

    /// A message that means nothing later: sent now or not at all.
    func add(_ message: Publication) {
        let admission = state.withLock { $0.queue.add(.message(message), isConnected: $0.connection != nil) }
        if admission == .taken { wake.signal() }
    }

    /// Goes on over a connection; nil: keeps what was committed until there is one.
    func use(_ connection: NATSConnection?) {
        state.withLock { state in
            if connection == nil, state.connection != nil { state.queue.disconnect() }
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

    private func take() -> ([OutgoingQueue.Item], NATSConnection)? {
        state.withLock { state in
            guard let connection = state.connection else { return nil }
            let items = state.queue.takeAll(gap: publisher.gap)
            return items.isEmpty ? nil : (items, connection)
        }
    }

    private func write(_ items: [OutgoingQueue.Item], over connection: NATSConnection) {
        for (index, item) in items.enumerated() {
            guard write(item, over: connection) != .broken else {
                putBack(items[index...], from: connection)
                // It may seem to be well otherwise, and then nobody else would end it.
                return connection.close()
            }
        }
    }

    private func write(_ item: OutgoingQueue.Item, over connection: NATSConnection) -> NATSConnection.Writing {
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
        state.withLock { $0.queue.addGap() }
        return .refused
    }

    /// Keeps what could not be written for the next connection.
    private func putBack(_ items: ArraySlice<OutgoingQueue.Item>, from connection: NATSConnection) {
        state.withLock { state in
            state.queue.putBack(items)
            guard state.connection === connection else { return }
            state.queue.disconnect()
            state.connection = nil
        }
    }
}

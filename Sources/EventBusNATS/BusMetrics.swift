import Metrics

/// Counts what the bus carries.
final class BusMetrics: Sendable {
    private let connected: Gauge
    private let topics: Gauge
    private let nodes: Gauge
    private let reconnects: Counter
    private let published: Counter
    private let received: Counter
    private let lost: Counter
    private let unreadable: Counter

    init(factory: any MetricsFactory) {
        connected = Gauge(label: "rostrum_bus_connected", factory: factory)
        topics = Gauge(label: "rostrum_bus_topics", factory: factory)
        nodes = Gauge(label: "rostrum_bus_other_nodes", factory: factory)
        reconnects = Counter(label: "rostrum_bus_reconnects", factory: factory)
        func events(_ result: String) -> Counter {
            Counter(label: "rostrum_bus_events", dimensions: [("result", result)], factory: factory)
        }
        published = events("published")
        received = events("received")
        lost = events("lost")
        unreadable = events("unreadable")
        connected.record(0)
    }

    func isConnected(_ isConnected: Bool) { connected.record(isConnected ? 1 : 0) }

    func follows(_ count: Int) { topics.record(count) }

    func knows(_ count: Int) { nodes.record(count) }

    func reconnected() { reconnects.increment() }

    /// An event was handed to the network.
    func publishedOne() { published.increment() }

    /// Another node's event came.
    func receivedOne() { received.increment() }

    /// Events of this node did not get onto the bus.
    func lost(_ count: Int) { lost.increment(by: count) }

    /// A message was no event that this version can read.
    func unreadableOne() { unreadable.increment() }
}

import Chat
import ChatProtocol
import Database
import EventBus
import EventBusNATS
import MetricsTestKit
import RostrumTesting

/// Nodes over one database and one NATS server: as several processes are, but for the clock that they share.
struct Cluster {
    struct Options {
        var nodes = 2
        /// The gateway's own would cover up what the bus does.
        var comparisonInterval = Duration.seconds(300)
        var reconciliationInterval = Duration.seconds(3000)
    }

    let server: NATSServer
    let nodes: [LiveNode]
    let buses: [NATSEventBus]
    /// Each node's.
    let metrics: [TestMetrics]

    /// Cuts the nodes off from each other.
    func cut() async throws {
        await server.kill()
        try await waitUntil("the nodes notice") { buses.allSatisfy { !$0.status.isConnected } }
    }

    /// The bus is back.
    func mend() async throws {
        try await server.start()
        try await waitUntil("the nodes are connected") { buses.allSatisfy { $0.status.isConnected } }
    }

    /// How many events of other nodes a node was brought.
    func received(by node: Int) -> Int64 {
        (try? metrics[node].expectCounter("rostrum_bus_events", [("result", "received")]).totalValue) ?? 0
    }

    /// Waits until whatever one node has published before has come to another, if it comes at all.
    func pass(from source: Int, to target: Int) async throws {
        let log = EventLog()
        buses[target].listen(log.hear)
        buses[source].publish(.outboxFilled(.other))
        try await waitUntil("the event arrives") { log.events.contains(.outboxFilled(.other)) }
    }
}

/// Hands `body` a cluster with the example application in it, and stops it.
func withCluster<Value>(
    _ options: Cluster.Options = Cluster.Options(),
    server arguments: [String] = [],
    _ body: (Cluster) async throws -> Value
) async throws -> Value {
    try await withNATSServer(arguments) { server in
        try await StorageEngine.sqlite.withDatabase { database in
            let metrics = (0..<options.nodes).map { _ in TestMetrics() }
            let buses = try metrics.map { try NATSEventBus.example(server.url, metrics: $0) }
            return try await buses.use { buses in
                let clock = ManualClock()
                var nodes: [LiveNode] = []
                for (index, bus) in buses.enumerated() {
                    var node = LiveNode.Options()
                    (node.bus, node.peers, node.clock, node.seed) = (bus, bus, clock, UInt64(index) * 7919 + 1)
                    node.comparisonInterval = options.comparisonInterval
                    node.reconciliationInterval = options.reconciliationInterval
                    nodes.append(try await LiveNode.start(over: database, node))
                }
                let installation = nodes[0].installation
                _ = try await installation.applications.create(.example(), by: installation.operation())
                try await installation.setLimits([.broadcastsPerSecond: 0, .broadcastsPerHour: 0])
                let cluster = Cluster(server: server, nodes: nodes, buses: buses, metrics: metrics)
                do {
                    let value = try await body(cluster)
                    for node in nodes { await node.stop() }
                    return value
                } catch {
                    for node in nodes { await node.stop() }
                    throw error
                }
            }
        }
    }
}

package import EventBus
package import EventBusNATS
import Logging
package import Metrics

extension NATSServer {
    /// Hands `body` buses of as many nodes that are connected to the server, and closes them.
    package func withBuses<Value>(
        _ count: Int = 2,
        installation: String = "test",
        metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        _ body: ([NATSEventBus]) async throws -> Value
    ) async throws -> Value {
        let buses = try (0..<count).map { _ in
            try NATSEventBus.example(url, installation: installation, metrics: metrics)
        }
        return try await buses.use(body)
    }
}

extension [NATSEventBus] {
    /// Hands `body` the buses when they are connected, and closes them.
    package func use<Value>(_ body: ([NATSEventBus]) async throws -> Value) async throws -> Value {
        do {
            try await waitUntil("the buses are connected and know each other") {
                allSatisfy { $0.status.isConnected && $0.nodes.count >= count - 1 }
            }
            let value = try await body(self)
            for bus in self { await bus.close() }
            return value
        } catch {
            for bus in self { await bus.close() }
            throw error
        }
    }
}

extension NATSEventBus {
    /// A node's bus; whoever makes it closes it.
    package static func example(
        _ url: String,
        installation: String = "test",
        metrics: any MetricsFactory = NOOPMetricsHandler.instance
    ) throws -> NATSEventBus {
        let id = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        return try start(
            NATSSettings(url: url),
            installation: installation,
            node: PeerNode(id: id, version: "0.0.0", roles: ["api", "gateway"]),
            metrics: metrics,
            logger: Logger(label: "rostrum.tests") { _ in SwiftLogNoOpLogHandler() }
        )
    }
}

/// The buses that a test runs on: `@Test(arguments: BusEngine.allCases)`.
package enum BusEngine: String, CaseIterable, Sendable {
    case inProcess, nats

    /// Hands `body` a node's bus, and closes it.
    package func withBus<Value>(_ body: (any EventBus) async throws -> Value) async throws -> Value {
        switch self {
        case .inProcess: try await body(InProcessEventBus())
        case .nats:
            try await withNATSServer { server in
                try await server.withBuses(1) { try await body($0[0]) }
            }
        }
    }
}

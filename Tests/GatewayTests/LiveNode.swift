import Chat
import ChatProtocol
import Database
import EventBus
import Gateway
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import NIOPosix
import RostrumTesting
import ServiceLifecycle
import Synchronization
import UserSig
import WebSockets

/// A node with a gateway that listens on a free port: the systems over a database, and sessions.
///
/// Stopped, it can be made again over the same database, as a server that is restarted.
final class LiveNode: Sendable {
    struct Options: Sendable {
        /// How many event loops the sessions are spread over.
        var loops = 2
        var comparisonInterval = Duration.milliseconds(50)
        var deliveryTime = Gateway.deliveryTime
        var reconciliationInterval = Gateway.reconciliationInterval
        var memory = Gateway.memory
        /// The gateway's own are for machines that others reach.
        var addressLimits = AddressLimits.Settings(sessions: 0, loginsPerSecond: 0)
        var overrides: [Limits.Name: Int64] = [:]
        var metrics: any MetricsFactory = NOOPMetricsHandler.instance
        var bus: any EventBus = InProcessEventBus()
        /// The other nodes, of whose sessions it is to know.
        var peers: (any Peers)?
        var clock = ManualClock()
        var seed: UInt64 = 2026
    }

    /// Whoever calls is at the address that this header names: for limits of addresses that one machine does not have.
    static let addressHeader = "x-test-address"

    let installation: TestInstallation
    let sessions: SessionRegistry
    let gateway: Gateway
    let port: Int
    /// What happens between a login and the opening of its session.
    let interlude: Interlude
    /// The `Random` of the last post: the same under the same number would be the same post.
    let lastRandom = Mutex<Int64>(0)
    private let listener: any Channel
    private let connections: Connections
    /// What the sessions are spread over.
    let loops: MultiThreadedEventLoopGroup
    private let services: ServiceGroup
    private let running: Task<Void, any Error>

    private final class Connections: Sendable {
        let all = Mutex<[any Channel]>([])
    }

    var systems: Systems { installation.systems }

    /// Whoever starts a node stops it.
    static func start(over database: any Database, _ options: Options = Options()) async throws -> LiveNode {
        let sessions = SessionRegistry()
        let installation = TestInstallation(
            database: database,
            clock: options.clock,
            random: SeededRandom(seed: options.seed),
            metrics: options.metrics,
            overrides: options.overrides,
            bus: options.bus,
            live: options.peers.map { ClusterPresence(sessions, $0) } ?? sessions
        )
        let gateway = Gateway(
            installation.systems,
            sessions: sessions,
            admission: Admission(
                applications: installation.applications,
                authentication: installation.authentication
            ),
            addressLimits: options.addressLimits,
            comparisonInterval: options.comparisonInterval,
            deliveryTime: options.deliveryTime,
            reconciliationInterval: options.reconciliationInterval,
            memory: options.memory,
            address: { $0.headers[addressHeader].first ?? $0.peer },
            metrics: options.metrics,
            logger: .silent
        )
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: options.loops)
        let connections = Connections()
        let interlude = Interlude()
        let listener = try await listen(interlude.door(after: gateway.door), on: loops) { channel in
            connections.all.withLock { $0.append(channel) }
        }
        return LiveNode(installation, sessions, gateway, interlude, listener, connections, loops)
    }

    private init(
        _ installation: TestInstallation,
        _ sessions: SessionRegistry,
        _ gateway: Gateway,
        _ interlude: Interlude,
        _ listener: any Channel,
        _ connections: Connections,
        _ loops: MultiThreadedEventLoopGroup
    ) {
        (self.installation, self.sessions, self.gateway) = (installation, sessions, gateway)
        (self.interlude, self.listener, self.connections, self.loops) = (interlude, listener, connections, loops)
        port = listener.localAddress?.port ?? 0
        let services = ServiceGroup(services: [gateway], logger: .silent)
        self.services = services
        running = Task { try await services.run() }
    }

    private static func listen(
        _ door: any WebSocketDoor,
        on loops: MultiThreadedEventLoopGroup,
        onConnection: @escaping @Sendable (any Channel) -> Void
    ) async throws -> any Channel {
        try await ServerBootstrap(group: loops)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                onConnection(channel)
                return channel.eventLoop.makeCompletedFuture {
                    let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
                    let encoder = HTTPResponseEncoder()
                    let gate = UpgradeGate(
                        doors: [Gateway.path: door],
                        isSecure: false,
                        idleTimeout: .seconds(120),
                        codec: [decoder, encoder],
                        becomeHTTP: {},
                        becomeOther: {}
                    )
                    try channel.pipeline.syncOperations.addHandlers([encoder, decoder, gate])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    /// Tells every connection that the server stops.
    func quiesce() {
        for channel in connections.all.withLock({ $0 }) {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    /// Stops what works in the background, and tells no connection.
    func stopGateway() async {
        await services.triggerGracefulShutdown()
        _ = await running.result
    }

    /// Stops as a server does that is asked to: says goodbye, then cuts.
    func stop() async {
        try? await listener.close()
        quiesce()
        await stopGateway()
        for channel in connections.all.withLock({ $0 }) { try? await channel.close() }
        try? await loops.shutdownGracefully()
    }
}

extension Logger {
    static let silent = Logger(label: "rostrum.tests") { _ in SwiftLogNoOpLogHandler() }
}

extension StorageEngine {
    /// Hands `body` a node over a database of its own, with the example application in it, and stops it.
    func withLiveNode<Value>(
        _ options: LiveNode.Options = LiveNode.Options(),
        _ body: (LiveNode) async throws -> Value
    ) async throws -> Value {
        try await withDatabase { database in try await withLiveNode(on: database, options, body) }
    }

    /// Hands `body` such a node over what `wrap` makes of the database.
    func withLiveNode<Wrapped: Database, Value>(
        over wrap: (any Database) -> Wrapped,
        _ options: LiveNode.Options = LiveNode.Options(),
        _ body: (LiveNode, Wrapped) async throws -> Value
    ) async throws -> Value {
        try await withDatabase { database in
            let wrapped = wrap(database)
            return try await withLiveNode(on: wrapped, options) { node in try await body(node, wrapped) }
        }
    }

    private func withLiveNode<Value>(
        on database: any Database,
        _ options: LiveNode.Options,
        _ body: (LiveNode) async throws -> Value
    ) async throws -> Value {
        let node = try await LiveNode.start(over: database, options)
        do {
            _ = try await node.installation.applications.create(.example(), by: node.installation.operation())
            try await node.installation.setLimits([.broadcastsPerSecond: 0, .broadcastsPerHour: 0])
            let value = try await body(node)
            await node.stop()
            return value
        } catch {
            await node.stop()
            throw error
        }
    }
}

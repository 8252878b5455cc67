import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

/// Opens WebSocket connections.
struct WebSocketConnector: Sendable {
    typealias Connection = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    /// The longest frame that is taken; answers of `resume` are the longest.
    static let longestFrame = 4 * 1_048_576
    /// The longest text in several frames.
    static let longestText = 16 * 1_048_576

    /// Why there is no connection.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    private enum Upgrade: Sendable {
        case open(Connection)
        /// With the status of the answer.
        case refused(EventLoopFuture<UInt>)
    }

    let address: ServerAddress
    /// Nil without TLS.
    let tls: NIOSSLContext?
    /// From the look-up of the name to the end of the upgrade.
    let timeout: TimeAmount

    /// - Parameters:
    ///   - target: the path and query.
    ///   - token: offered as a subprotocol beside `rostrum.v1`, so that it stands in no log of URLs.
    func connect(_ target: String, token: String) async throws -> Connection {
        let head = HTTPRequestHead(
            version: .http1_1,
            method: .GET,
            uri: target,
            headers: ["Host": address.authority, "Sec-WebSocket-Protocol": "\(LiveProtocol.name), \(token)"]
        )
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Upgrade.self)
        let alarm = loop.scheduleTask(in: timeout) { promise.fail(Fault(description: "no connection in time")) }
        defer { alarm.cancel() }
        let upgrade = try await withTaskCancellationHandler {
            open(head, on: loop, promise)
            return try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
        }
        switch upgrade {
        case .open(let connection): return connection
        case .refused(let status):
            throw Fault(description: "the server did not upgrade: HTTP status \(try await status.get())")
        }
    }

    /// Fulfils the promise; a connection that comes when it was failed already is closed.
    private func open(_ head: HTTPRequestHead, on loop: any EventLoop, _ promise: EventLoopPromise<Upgrade>) {
        ClientBootstrap(group: loop)
            .connectTimeout(timeout)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                promise.futureResult.whenFailure { _ in channel.close(promise: nil) }
                return channel.eventLoop.makeCompletedFuture {
                    try configure(channel, head).cascade(to: promise)
                }
            }
            .connect(host: address.host, port: address.port)
            .whenFailure { promise.fail(Fault(description: "\($0)")) }
    }

    private func configure(_ channel: any Channel, _ head: HTTPRequestHead) throws -> EventLoopFuture<Upgrade> {
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            let isName = (try? SocketAddress(ipAddress: address.host, port: 0)) == nil
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: isName ? address.host : nil))
        }
        let upgrader = NIOTypedWebSocketClientUpgrader<Upgrade>(maxFrameSize: Self.longestFrame) { channel, response in
            channel.eventLoop.makeCompletedFuture { try Self.upgraded(channel, response) }
        }
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(
            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                upgradeRequestHead: head,
                upgraders: [upgrader],
                notUpgradingCompletionHandler: Self.refusal
            )
        )
        // The server may send frames with the answer to the upgrade.
        configuration.leftOverBytesStrategy = .forwardBytes
        return try pipeline.configureUpgradableHTTPClientPipeline(configuration: configuration)
    }

    private static func upgraded(_ channel: any Channel, _ response: HTTPResponseHead) throws -> Upgrade {
        guard response.headers[canonicalForm: "Sec-WebSocket-Protocol"] == [Substring(LiveProtocol.name)] else {
            throw Fault(description: "the server does not speak \(LiveProtocol.name)")
        }
        try channel.pipeline.syncOperations.addHandler(
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0,
                maxAccumulatedFrameCount: 4096,
                maxAccumulatedFrameSize: longestText
            )
        )
        return .open(
            try Connection(
                wrappingChannelSynchronously: channel,
                // Few, since each may be long.
                configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 4))
            )
        )
    }

    @Sendable private static func refusal(_ channel: any Channel) -> EventLoopFuture<Upgrade> {
        let status = channel.eventLoop.makePromise(of: UInt.self)
        do {
            try channel.pipeline.syncOperations.addHandler(StatusReader(status))
        } catch {
            status.fail(error)
        }
        // The answer is passed on only when this is fulfilled.
        return channel.eventLoop.makeSucceededFuture(.refused(status.futureResult))
    }

    /// Reads the status of an answer that is no upgrade, and closes.
    private final class StatusReader: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart

        private let status: EventLoopPromise<UInt>

        init(_ status: EventLoopPromise<UInt>) {
            self.status = status
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let head) = unwrapInboundIn(data) else { return }
            status.succeed(head.status.code)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            status.fail(ChannelError.ioOnClosedChannel)
            context.fireChannelInactive()
        }
    }
}

/// Names of docs/subscriber-protocol.md.
enum LiveProtocol {
    /// The subprotocol.
    static let name = "rostrum.v1"
    static let path = "/v4/ws"
    /// In bytes; a longer one would end the session (1009).
    static let longestRequest = 65_536
    /// Channels on one page of those that the user subscribes to.
    static let channelsPerPage: Int64 = 200
}

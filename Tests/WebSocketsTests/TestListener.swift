import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import WebSockets

/// A listener on a free port of this machine with scripted doors; without a responder of HTTP.
struct TestListener {
    /// A door that decides the same about everybody.
    struct Door: WebSocketDoor {
        let decide: @Sendable (UpgradeRequest) -> UpgradeDecision

        func decide(_ request: UpgradeRequest, on eventLoop: any EventLoop) -> EventLoopFuture<UpgradeDecision> {
            eventLoop.makeSucceededFuture(decide(request))
        }

        static func accepting(_ makeReceiver: @escaping @Sendable () -> any WebSocketReceiver) -> Door {
            Door { _ in .accept(subprotocol: nil, makeReceiver: makeReceiver) }
        }
    }

    /// Sends back every message, as slowly as the peer reads.
    final class Echo: WebSocketReceiver {
        private var connection: WebSocketConnection?

        func opened(_ connection: WebSocketConnection) { self.connection = connection }
        func received(text: ByteBuffer) { send(WebSocketFrames.text(text)) }
        func received(binary: ByteBuffer) { send(WebSocketFrames.binary(binary)) }
        func drained() { connection?.resumeReading() }
        func closed() { connection = nil }

        private func send(_ frame: ByteBuffer) {
            if connection?.sendAlways(frame) == .queued { connection?.suspendReading() }
        }
    }

    let port: Int
    private let channel: any Channel
    private let connections: Connections

    private final class Connections: Sendable {
        let all = Mutex<[any Channel]>([])
    }

    /// Runs a listener for the time of `body`.
    static func with<Value>(
        _ doors: [String: Door],
        _ body: (TestListener) async throws -> Value
    ) async throws -> Value {
        let connections = Connections()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                connections.all.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
                    let encoder = HTTPResponseEncoder()
                    let gate = UpgradeGate(
                        doors: doors,
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
        let listener = TestListener(port: channel.localAddress?.port ?? 0, channel: channel, connections: connections)
        do {
            let value = try await body(listener)
            await listener.stop()
            return value
        } catch {
            await listener.stop()
            throw error
        }
    }

    private init(port: Int, channel: any Channel, connections: Connections) {
        (self.port, self.channel, self.connections) = (port, channel, connections)
    }

    /// Tells every connection that the server stops.
    func quiesce() {
        for channel in connections.all.withLock({ $0 }) {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    /// How many connections are open.
    var openConnections: Int { connections.all.withLock { $0 }.count(where: \.isActive) }

    private func stop() async {
        try? await channel.close()
        for channel in connections.all.withLock({ $0 }) { try? await channel.close() }
    }
}

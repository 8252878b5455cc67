import NIOCore
import NIOPosix
import NIOSSL

/// Lets a client without TLS talk to a server with it: carries what comes to a free port of this machine to another.
///
/// It believes every certificate, and keeps little for a client that does not read.
package struct TLSRelay: Sendable {
    package let port: Int
    private let channel: any Channel

    /// How much the kernel keeps on the way to the client; Linux doubles it.
    private static let bufferBytes: SocketOptionValue = 65_536

    /// Runs a relay for the time of `body`.
    ///
    /// - Parameters:
    ///   - target: a port of this machine that speaks TLS.
    ///   - protocols: what is offered by ALPN.
    package static func with<Value>(
        to target: Int,
        offering protocols: [String] = ["http/1.1"],
        _ body: (TLSRelay) async throws -> Value
    ) async throws -> Value {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.applicationProtocols = protocols
        let context = try NIOSSLContext(configuration: configuration)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.socketOption(.so_sndbuf), value: bufferBytes)
            .childChannelInitializer { near in
                ClientBootstrap(group: near.eventLoop)
                    .channelOption(.socketOption(.so_rcvbuf), value: bufferBytes)
                    .channelInitializer { far in
                        far.eventLoop.makeCompletedFuture {
                            try far.pipeline.syncOperations.addHandlers([
                                NIOSSLClientHandler(context: context, serverHostname: nil), Passing(to: near),
                            ])
                        }
                    }
                    .connect(host: "127.0.0.1", port: target)
                    .flatMap { far in
                        near.eventLoop.makeCompletedFuture {
                            try near.pipeline.syncOperations.addHandler(Passing(to: far))
                        }
                    }
                    .flatMap { near.setOption(.autoRead, value: true) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let relay = TLSRelay(port: channel.localAddress?.port ?? 0, channel: channel)
        do {
            let value = try await body(relay)
            try await channel.close()
            return value
        } catch {
            try? await channel.close()
            throw error
        }
    }

    /// Gives every byte to another channel, and its end.
    private final class Passing: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let other: any Channel

        init(to other: any Channel) {
            self.other = other
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            other.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) {
            other.setOption(.autoRead, value: context.channel.isWritable).whenFailure { _ in }
            context.fireChannelWritabilityChanged()
        }

        func channelInactive(context: ChannelHandlerContext) {
            other.close(promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}

import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// A TLS connection with HTTP/2 or HTTP/1.1, whichever the client chooses by ALPN.
///
/// Hummingbird's own knows no other HTTP/1.1 than its own, which cannot upgrade to WebSocket. WebSocket over HTTP/2 is
/// not offered.
struct SecureChannel: HTTPChannelHandler {
    enum Negotiated: Sendable {
        case http1(PlainChannel.Value)
        case http2(HTTP2Channel.Value)
    }

    struct Value: ServerChildChannelValue {
        let negotiated: EventLoopFuture<Negotiated>
        let channel: any Channel
    }

    private let certificate: ServedCertificate
    private let http1: PlainChannel
    private let http2: HTTP2Channel

    var responder: Responder { http1.responder }

    init(_ certificate: ServedCertificate, http1: PlainChannel) {
        (self.certificate, self.http1) = (certificate, http1)
        http2 = HTTP2Channel(
            responder: http1.responder,
            configuration: .init(
                idleTimeout: Listener.idleTimeout,
                streamConfiguration: .init(
                    additionalChannelHandlers: [RequestDeadline()],
                    idleTimeout: TimeAmount(Listener.idleTimeout)
                )
            )
        )
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let negotiation = NIOTypedApplicationProtocolNegotiationHandler<Negotiated> { result, channel in
                switch result {
                case .negotiated("h2"): http2.setup(channel: channel, logger: logger).map(Negotiated.http2)
                // Besides these two nothing can be negotiated, and who negotiates nothing speaks HTTP/1.1.
                case .negotiated, .fallback: http1.setup(channel: channel, logger: logger).map(Negotiated.http1)
                }
            }
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(NIOSSLServerHandler(context: certificate.context))
            try pipeline.addHandler(HandshakeDeadline())
            try pipeline.addHandler(negotiation)
            return Value(negotiated: negotiation.protocolNegotiationResult, channel: channel)
        }
    }

    func handle(value: Value, logger: Logger) async {
        let negotiated = await withTaskCancellationHandler {
            try? await value.negotiated.get()
        } onCancel: {
            value.channel.close(promise: nil)
        }
        switch negotiated {
        case .http1(let value): await http1.handle(value: value, logger: logger)
        case .http2(let value): await http2.handle(value: value, logger: logger)
        // The handshake failed; the connection is closed.
        case nil: break
        }
    }
}

package import NIOCore
package import NIOHTTPTypes

/// Closes a connection whose request has not arrived whole 10 s after it began.
///
/// Without it a caller that sends a byte a minute would hold a connection and its memory for ever: every byte counts
/// as a sign of life for an idle timeout. Only requests that do not arrive in one piece cost a timer. Under TLS the
/// handler joins the connection when its handshake is over, so the handshake's bytes never count.
package final class RequestDeadline: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart

    package static let longest = TimeAmount.seconds(10)

    private let limit: TimeAmount
    private var timer: Scheduled<Void>?
    /// Between a head and its end.
    private var isInRequest = false
    /// Whether anything was decoded since the last complete read.
    private var sawPart = false

    package init(limit: TimeAmount = longest) {
        self.limit = limit
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        sawPart = true
        switch unwrapInboundIn(data) {
        case .head: isInRequest = true
        case .body: break
        case .end:
            isInRequest = false
            disarm()
        }
        context.fireChannelRead(data)
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        // When bytes came and no part was decoded from them, they are the beginning of a head.
        if timer == nil, isInRequest || !sawPart { arm(context) }
        sawPart = false
        context.fireChannelReadComplete()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        disarm()
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        disarm()
    }

    private func arm(_ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) {
            context.close(promise: nil)
        }
    }

    private func disarm() {
        timer?.cancel()
        timer = nil
    }
}

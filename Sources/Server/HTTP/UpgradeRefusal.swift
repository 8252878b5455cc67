import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Answers requests that offer another protocol as if they had not, and closes their connection afterwards.
///
/// Java's HttpClient and `curl --http2` send `Connection: Upgrade` and `Upgrade: h2c` with a first request in the
/// clear. NIO's decoder stops after such a request, so that a second one on the connection would wait for ever.
final class UpgradeRefusal: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var isRefusing = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), head.headerFields[.upgrade] != nil else {
            return context.fireChannelRead(data)
        }
        isRefusing = true
        head.headerFields[.upgrade] = nil
        // The connection's own loop ends after a request that says so.
        head.headerFields[.connection] = "close"
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard isRefusing, case .head(var head) = unwrapOutboundIn(data) else {
            return context.write(data, promise: promise)
        }
        head.headerFields[.connection] = "close"
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }
}

import HTTPTypes
package import NIOCore
package import NIOHTTPTypes

/// Answers requests that offer another protocol as if they had not, and closes their connection afterwards.
///
/// Java's HttpClient and `curl --http2` send `Connection: Upgrade` and `Upgrade: h2c` with a first request in the
/// clear. NIO's decoder stops after such a request, so that a second one on the connection would wait for ever.
package final class UpgradeRefusal: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = HTTPResponsePart

    private var isRefusing = false

    package init() {}

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), head.headerFields[.upgrade] != nil else {
            return context.fireChannelRead(data)
        }
        isRefusing = true
        head.headerFields[.upgrade] = nil
        // The connection's own loop ends after a request that says so.
        head.headerFields[.connection] = "close"
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard isRefusing, case .head(var head) = unwrapOutboundIn(data) else {
            return context.write(data, promise: promise)
        }
        head.headerFields[.connection] = "close"
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }
}

package import NIOCore
package import NIOHTTP1

/// Ends an HTTP/1 connection after the answer where it must end, and says so in the answer.
///
/// - A caller who asks for it (`Connection: close`, in any letters and company) or who speaks HTTP/1.0 without
///   `keep-alive` waits for the end.
/// - A request that offers another protocol is answered as if it had not. Java's HttpClient and `curl --http2` send
///   `Upgrade: h2c` with a first request in the clear; NIO's decoder stops after it, so that a second one on the
///   connection would wait for ever. CONNECT, which nobody may, is the same.
///
/// It stands before the codec that makes HTTP types of requests, for these no longer know the version.
package final class ConnectionEnd: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias InboundOut = HTTPServerRequestPart
    package typealias OutboundIn = HTTPServerResponsePart
    package typealias OutboundOut = HTTPServerResponsePart

    private enum Answer {
        case silent, close, keepAlive
    }

    /// What the answers to the requests that were read must say, in their order: callers may pipeline.
    private var answers: CircularBuffer<Answer> = []

    package init() {}

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        // After either NIO's decoder reads no further request.
        let endsDecoding = head.headers.contains(name: "upgrade") || head.method == .CONNECT
        guard endsDecoding || !head.isKeepAlive else {
            answers.append(head.version == .http1_0 ? .keepAlive : .silent)
            return context.fireChannelRead(data)
        }
        answers.append(.close)
        head.headers.remove(name: "upgrade")
        // The connection's own loop ends after a request that says exactly this.
        head.headers.replaceOrAdd(name: "connection", value: "close")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), head.status.code >= 200, let answer = answers.popFirst()
        else { return context.write(data, promise: promise) }
        switch answer {
        case .silent: return context.write(data, promise: promise)
        case .close:
            // An answer that offers a protocol says so here as well (RFC 9110 section 7.8).
            let offers = head.headers.contains(name: "upgrade")
            head.headers.replaceOrAdd(name: "connection", value: offers ? "close, upgrade" : "close")
        case .keepAlive: head.headers.replaceOrAdd(name: "connection", value: "keep-alive")
        }
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }
}

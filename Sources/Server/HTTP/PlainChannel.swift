import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import WebSockets

/// A connection of HTTP/1.1 whose first request may be one to upgrade to WebSocket.
///
/// What becomes of a connection is open until that request has come, so Hummingbird's own channel, which is one of HTTP
/// from the start, cannot be used. No task lives with an upgraded connection.
struct PlainChannel: HTTPChannelHandler {
    typealias Connection = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    struct Value: ServerChildChannelValue {
        /// Nil when the connection does not become one of HTTP.
        let connection: EventLoopFuture<Connection?>
        let channel: any Channel
    }

    /// How much the decoder keeps of what it does not read: whatever follows a request after which it stops.
    private static let mostUnreadBytes = 1_048_576

    let responder: Responder
    let doors: [String: any WebSocketDoor]
    /// Whether TLS stands in the pipeline already.
    let isSecure: Bool
    private static let types: [Any.Type] = [ByteToMessageHandler<HTTPRequestDecoder>.self, Connection.self]

    /// Makes the generic types of a connection's handlers, once; call while nothing listens yet.
    ///
    /// Three times, in thousands of starts, the runtime of Swift 6.3.1 has dereferenced null in `swift_conformsToProtocol`, with
    /// the making of one of these on the stack: on event loops at their first connections, and in a listener's beginning.
    /// Nobody could reproduce it; that two threads have to make them at the same moment is a guess.
    static func makeTypes() { withExtendedLifetime(types) {} }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let outcome = channel.eventLoop.makePromise(of: Connection?.self)
        do {
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: Self.limits),
                maximumBufferSize: Self.mostUnreadBytes
            )
            let encoder = HTTPResponseEncoder()
            let gate = UpgradeGate(
                doors: doors,
                isSecure: isSecure,
                idleTimeout: TimeAmount(Listener.idleTimeout),
                codec: [decoder, encoder],
                becomeHTTP: { outcome.succeed(try connection(on: channel, logger)) },
                becomeOther: { outcome.succeed(nil) }
            )
            try channel.pipeline.syncOperations.addHandlers([encoder, decoder, gate])
        } catch {
            outcome.fail(error)
            return channel.eventLoop.makeFailedFuture(error)
        }
        return channel.eventLoop.makeSucceededFuture(Value(connection: outcome.futureResult, channel: channel))
    }

    func handle(value: Value, logger: Logger) async {
        let connection = await withTaskCancellationHandler {
            try? await value.connection.get()
        } onCancel: {
            value.channel.close(promise: nil)
        }
        guard let connection else { return }
        await handleHTTP(asyncChannel: connection, logger: logger)
    }

    /// Puts at the end of the pipeline what makes requests of HTTP's parts and hands them out.
    private func connection(on channel: any Channel, _ logger: Logger) throws -> Connection {
        try channel.pipeline.syncOperations.addHandlers([
            ConnectionEnd(), HTTP1ToHTTPServerCodec(secure: isSecure), RequestDeadline(),
            HTTPConnectionStateHandler(idleTimeout: Listener.idleTimeout, logger: logger),
        ])
        return try NIOAsyncChannel(
            wrappingChannelSynchronously: channel,
            configuration: .init(isOutboundHalfClosureEnabled: true)
        )
    }

    /// Those of Hummingbird.
    private static let limits: NIOHTTPDecoderLimitConfiguration = {
        let given = HTTP1Channel.Configuration.DecoderConfiguration()
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = given.maxHeaderFieldSize
        limits.maxHeaderListSize = given.maxHeaderListSize
        limits.maxHeaderFieldCount = given.maxHeaderFieldCount
        return limits
    }()
}

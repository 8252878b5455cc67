package import NIOCore
package import NIOHTTP1

/// Stands behind the HTTP/1 codec of a new connection until its first request tells what becomes of it.
///
/// A request to upgrade at the path of a door is the door's to decide, and nothing of HTTP is left when it is accepted.
/// Everything else makes an HTTP connection of this one for good: what takes HTTP is put behind the gate, and the gate
/// goes. So an upgrade works as the first request of a connection only; after a later one, as after any with `Upgrade`,
/// NIO's decoder reads nothing more, and whoever answers HTTP closes the connection.
///
/// NIO's own handler for upgrades cannot be used here: when an upgrade is refused, the head of the request is lost.
package final class UpgradeGate: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias InboundOut = HTTPServerRequestPart
    package typealias OutboundOut = HTTPServerResponsePart

    /// How long a request may take from its first byte to the end of its head.
    package static let longestHead = TimeAmount.seconds(10)
    /// How long a door may take to decide.
    package static let longestDecision = TimeAmount.seconds(10)
    /// How long a peer may take to read a refusal.
    private static let longestRefusal = TimeAmount.seconds(2)

    private enum State {
        case waiting
        /// The connection is one of HTTP.
        case passing
        case deciding(UpgradeHandshake)
        /// With the bytes that came after the request.
        case upgrading([NIOAny])
        /// Refused or gone; nothing more is read.
        case ended
    }

    private let doors: [String: any WebSocketDoor]
    private let isSecure: Bool
    private let idleTimeout: TimeAmount
    private let codec: [any RemovableChannelHandler]
    private let becomeHTTP: () throws -> Void
    private let becomeOther: () -> Void

    private var state = State.waiting
    private var timer: Scheduled<Void>?
    /// Whether the time for a head runs, and not the one for a silent connection.
    private var hasBegun = false
    /// The request arrives in two parts, the decision at any time.
    private var isRequestWhole = false
    private var decision: UpgradeDecision?
    /// What the door says when there is no decision.
    private var unavailable: (() -> UpgradeDecision)?
    private var shouldQuiesce = false

    /// - Parameters:
    ///   - doors: by their paths.
    ///   - isSecure: whether TLS stands before the codec.
    ///   - idleTimeout: how long the connection may be silent before its first request.
    ///   - codec: decoder and encoder, which an upgrade removes.
    ///   - becomeHTTP: puts behind the gate what takes HTTP. Called at most once.
    ///   - becomeOther: called once when `becomeHTTP` never will be: the connection was upgraded, refused or closed.
    package init(
        doors: [String: any WebSocketDoor],
        isSecure: Bool,
        idleTimeout: TimeAmount,
        codec: [any RemovableChannelHandler],
        becomeHTTP: @escaping () throws -> Void,
        becomeOther: @escaping () -> Void
    ) {
        (self.doors, self.isSecure, self.idleTimeout, self.codec) = (doors, isSecure, idleTimeout, codec)
        (self.becomeHTTP, self.becomeOther) = (becomeHTTP, becomeOther)
    }

    // MARK: - The first request

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .waiting: takeHead(context, data)
        case .passing: context.fireChannelRead(data)
        case .deciding:
            guard case .end = unwrapInboundIn(data) else { return }
            isRequestWhole = true
            proceed(context)
        case .upgrading(var bytes):
            bytes.append(data)
            state = .upgrading(bytes)
        case .ended: break
        }
    }

    private func takeHead(_ context: ChannelHandlerContext, _ data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        let path = head.uri.prefix { $0 != "?" }
        guard let door = doors[String(path)], let handshake = UpgradeHandshake(head) else {
            guard pass(context) else { return }
            context.fireChannelRead(data)
            return context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
        state = .deciding(handshake)
        // What follows the request waits in the kernel: the decoder would keep it without a bound.
        setReading(false, context)
        let request = UpgradeRequest(
            uri: head.uri,
            headers: head.headers,
            peer: context.channel.remoteAddress?.ipAddress ?? "",
            isSecure: isSecure
        )
        unavailable = { door.unavailable(request) }
        startTimer(Self.longestDecision, context) { self.giveUp(context) }
        door.decide(request, on: context.eventLoop).hop(to: context.eventLoop).assumeIsolated().whenComplete { result in
            guard case .success(let decision) = result else { return self.giveUp(context) }
            self.settle(decision, context)
        }
    }

    /// There is no decision, and none is waited for any longer.
    private func giveUp(_ context: ChannelHandlerContext) {
        if let unavailable { settle(unavailable(), context) }
    }

    /// The first decision counts.
    private func settle(_ decision: UpgradeDecision, _ context: ChannelHandlerContext) {
        guard case .deciding = state, self.decision == nil else { return }
        self.decision = decision
        proceed(context)
    }

    private func proceed(_ context: ChannelHandlerContext) {
        guard case .deciding(let handshake) = state, isRequestWhole, let decision else { return }
        switch decision {
        case .accept(let subprotocol, let makeReceiver):
            upgrade(handshake, subprotocol, context, makeReceiver)
        case .acceptAndClose(let subprotocol, let code, let reason):
            upgrade(handshake, subprotocol, context) { ClosingReceiver(code: code, reason: reason) }
        case .refuse(let status, let headers, let body):
            refuse(context, status, headers, body)
        }
    }

    /// - Returns: whether the connection is one of HTTP now.
    private func pass(_ context: ChannelHandlerContext) -> Bool {
        stopTimer()
        do {
            try becomeHTTP()
            state = .passing
            return true
        } catch {
            end()
            context.close(promise: nil)
            return false
        }
    }

    // MARK: - The answer

    private func upgrade(
        _ handshake: UpgradeHandshake,
        _ subprotocol: String?,
        _ context: ChannelHandlerContext,
        _ makeReceiver: @escaping () -> any WebSocketReceiver
    ) {
        stopTimer()
        state = .upgrading([])
        let pipeline = context.pipeline.syncOperations
        let answer = handshake.answer(subprotocol: subprotocol)
        // The receiver may write past the pipeline, so the answer must have left it.
        var step = context.writeAndFlush(wrapOutboundOut(.head(answer))).assumeIsolated()
        for handler in codec {
            step = step.flatMap { pipeline.removeHandler(handler).assumeIsolated().nonisolated() }
        }
        step.whenComplete { result in
            guard case .upgrading(let bytes) = self.state else { return }
            do {
                try result.get()
                self.setReading(true, context)
                let connection = WebSocketConnection(
                    context.channel,
                    receiver: makeReceiver(),
                    peer: context.channel.remoteAddress?.ipAddress ?? "",
                    isSecure: self.isSecure
                )
                try pipeline.addHandler(connection, position: .after(self))
                for data in bytes { context.fireChannelRead(data) }
                context.fireChannelReadComplete()
                if self.shouldQuiesce { connection.close(.goingAway) }
            } catch {
                context.close(promise: nil)
            }
            self.end()
            pipeline.removeHandler(self, promise: nil)
        }
    }

    private func refuse(
        _ context: ChannelHandlerContext,
        _ status: HTTPResponseStatus,
        _ headers: HTTPHeaders,
        _ body: [UInt8]
    ) {
        end()
        var head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        head.headers.replaceOrAdd(name: "content-length", value: String(body.count))
        head.headers.replaceOrAdd(name: "connection", value: "close")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // Closed with bytes unread the connection would be reset, and the peer might not get to read the answer.
        context.close(mode: .output, promise: nil)
        startTimer(Self.longestRefusal, context) { context.close(promise: nil) }
        setReading(true, context)
    }

    private func end() {
        stopTimer()
        if case .ended = state { return }
        state = .ended
        becomeOther()
    }

    // MARK: - The channel

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { startIdleTimer(context) }
    }

    package func channelActive(context: ChannelHandlerContext) {
        startIdleTimer(context)
        context.fireChannelActive()
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        if case .waiting = state, !hasBegun {
            // Bytes came, and no head was decoded from them: they are the beginning of one.
            hasBegun = true
            startTimer(Self.longestHead, context) { context.close(promise: nil) }
        }
        context.fireChannelReadComplete()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        if case .passing = state {} else { end() }
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        if case .passing = state {} else { end() }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .waiting = state, error is HTTPParserError, !pass(context) { return }
        guard case .passing = state else { return context.close(promise: nil) }
        context.fireErrorCaught(error)
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (state, event) {
        case (.passing, _): context.fireUserInboundEventTriggered(event)
        case (.waiting, is ChannelShouldQuiesceEvent): context.close(promise: nil)
        case (.deciding, is ChannelShouldQuiesceEvent):
            // When it was decided already, and only the end of the request is missing.
            shouldQuiesce = true
            giveUp(context)
        case (.upgrading, is ChannelShouldQuiesceEvent): shouldQuiesce = true
        case (_, ChannelEvent.inputClosed): context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private func startIdleTimer(_ context: ChannelHandlerContext) {
        guard case .waiting = state, timer == nil else { return }
        startTimer(idleTimeout, context) { context.close(promise: nil) }
    }

    private func startTimer(_ time: TimeAmount, _ context: ChannelHandlerContext, _ onEnd: @escaping () -> Void) {
        stopTimer()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: time, onEnd)
    }

    private func stopTimer() {
        timer?.cancel()
        timer = nil
    }

    private func setReading(_ isOn: Bool, _ context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }
}

@available(*, unavailable)
extension UpgradeGate: Sendable {}

/// Closes a connection as soon as it is open.
private final class ClosingReceiver: WebSocketReceiver {
    private let code: WebSocketCloseCode
    private let reason: String

    init(code: WebSocketCloseCode, reason: String) {
        (self.code, self.reason) = (code, reason)
    }

    func opened(_ connection: WebSocketConnection) {
        connection.close(code, reason: reason)
    }

    func received(text: ByteBuffer) {}
    func received(binary: ByteBuffer) {}
    func drained() {}
    func closed() {}
}

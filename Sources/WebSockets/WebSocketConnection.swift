package import NIOCore

/// A connection after its upgrade: the only handler of its channel besides TLS, and the only writer.
///
/// Used on its event loop only. It reads frames and makes messages of them, answers pings, and closes as RFC 6455
/// section 7 has it. Its receiver is held until the connection is gone.
package final class WebSocketConnection: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// How many bytes a message may have that a peer sends; a larger one is answered with 1009.
    package static let largestMessage = 65_536
    /// In how many fragments it may come.
    package static let mostFragments = 1024
    /// How many frames may come that begin no message, which nobody else counts: pings, pongs and fragments.
    package static let mostLesserFrames = Allowance.Rule(burst: 1200, perSecond: 100)
    /// How many bytes may wait for a slow peer before ``send(_:)`` refuses more.
    package static let mostWaiting = 65_536
    /// How long a message may take from its first byte to its last; see ``tick(now:)``.
    package static let longestMessage = TimeAmount.seconds(10)
    /// After how long a silence ``tick(now:)`` looks whether the peer reads what the kernel keeps for it: a while after a
    /// ping was due to be answered.
    package static let longestUnread = TimeAmount.seconds(30)
    /// How much of what waits a peer has to read to count as heard: who reads it byte by byte would have it wait for days.
    package static let leastRead: UInt64 = 4096
    /// How long a peer may take to answer a close frame, and to read what waits before it.
    package static let longestClose = TimeAmount.seconds(2)

    /// How much the kernel keeps for a peer that does not read; Linux doubles it.
    private static let sendBufferBytes: SocketOptionValue = 65_536
    /// In such parts a long frame is written, so that its progress shows.
    private static let partBytes = 65_536
    /// How many pings of one read are answered one by one; of those beyond only the last one is.
    private static let mostPongs = 16

    /// What became of a frame.
    package enum Sending {
        /// Wholly in the hands of the kernel; under TLS, of the kernel after encryption.
        case written
        /// Wholly or in part waiting for the peer to read; ``WebSocketReceiver/drained()`` follows.
        case queued
        /// Not sent: too much waits, or the connection is no longer open.
        case refused
    }

    private enum State {
        case open
        /// A close frame was sent; the peer's is awaited, what comes before it is ignored.
        case closing
        /// Nothing more is sent, nor read as frames; the end of the peer's bytes is awaited. A connection that is
        /// closed with bytes unread is reset, and a reset may destroy the close frame on its way.
        case lingering
        case gone
    }

    package let eventLoop: any EventLoop
    /// The IP address at the other end; `""` when it is not known.
    package let peer: String
    /// When anything was last heard from the peer, the peer was last seen to read what had waited for it, or it was last let
    /// do either.
    package private(set) var lastHeard = NIODeadline.now()
    /// How many bytes wait for the peer to read, besides those that the kernel has.
    package private(set) var waitingBytes = 0 { didSet { if !isWriting { tellIfClearChanged() } } }

    /// The code of the first close frame, whoever sent it: 1005 when it had none, 1006 as long as there was none.
    package private(set) var closeCode = WebSocketCloseCode.abnormal

    private let channel: any Channel
    private let socket: DirectSocket?
    /// Whether TLS stands in the pipeline.
    private let isSecure: Bool
    private var context: ChannelHandlerContext?
    private var receiver: (any WebSocketReceiver)?
    private var state = State.open { didSet { tellIfClearChanged() } }
    private var reader = FrameReader(largestMessage: largestMessage, mostFragments: mostFragments)
    private var allowance: Allowance
    /// When the message began that is not whole yet.
    private var beginning: NIODeadline?
    private var wasClear = false
    private var owesDrained = false
    private var owesEased = false
    /// While a frame is given to the pipeline, which may get rid of it at once.
    private var isWriting = false
    private var isPingWaiting = false
    private var waitingPong: ByteBuffer?
    /// How far the peer had read when something waited for it and that was counted, or first looked at; see ``tick(now:)``.
    private var readBefore: UInt64?
    private var pongsLeft = mostPongs
    /// Whether nothing is read, so that nothing can be heard either.
    private var isSuspended = false
    private var endOfPatience: Scheduled<Void>?

    /// Call on the event loop, when nothing of the HTTP answer waits any more.
    ///
    /// - Parameter isSecure: whether TLS stands in the pipeline, which every byte then has to go through.
    package init(_ channel: any Channel, receiver: any WebSocketReceiver, peer: String, isSecure: Bool) {
        (self.channel, self.receiver, self.peer) = (channel, receiver, peer)
        eventLoop = channel.eventLoop
        allowance = Allowance(Self.mostLesserFrames, at: lastHeard)
        socket = DirectSocket(of: channel)
        self.isSecure = isSecure
        // Both are for speed and memory; a socket that takes neither works all the same.
        try? channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: Self.sendBufferBytes)
        try? channel.syncOptions?.setOption(.tcpOption(.tcp_nodelay), value: 1)
    }

    /// Whether messages can be sent: false once a close frame was sent or the channel is gone.
    package var isOpen: Bool { state == .open && channel.isActive }

    // MARK: - Sending

    /// The socket, while whole frames may be given to it past ``send(_:)``: the connection is open, nothing waits, and
    /// there is no TLS.
    ///
    /// Whoever sends to very many keeps it side by side with theirs, and is told by ``WebSocketReceiver/clearChanged()``
    /// when to look again. Of a frame that it does not take whole, ``finish(_:after:)`` must be given the rest at once.
    package var clearSocket: DirectSocket? { isOpen && waitingBytes == 0 && !isSecure ? socket : nil }

    private func tellIfClearChanged() {
        let isClear = clearSocket != nil
        guard isClear != wasClear else { return }
        wasClear = isClear
        receiver?.clearChanged()
    }

    /// Sends what ``clearSocket`` did not take of a frame.
    package func finish(_ frame: ByteBuffer, after sent: Int) -> Sending {
        var rest = frame
        rest.moveReaderIndex(forwardBy: sent)
        return write(rest)
    }

    /// Sends a frame made by ``WebSocketFrames``, unless more than ``mostWaiting`` bytes wait already.
    package func send(_ frame: ByteBuffer) -> Sending {
        guard isOpen else { return .refused }
        guard waitingBytes <= Self.mostWaiting else {
            owesDrained = true
            return .refused
        }
        return put(frame)
    }

    /// Sends a frame however much waits: for answers, whose number the receiver bounds.
    package func sendAlways(_ frame: ByteBuffer) -> Sending {
        guard isOpen else { return .refused }
        return put(frame)
    }

    /// Asks for a sign of life, which will show in ``lastHeard``.
    package func ping() {
        guard isOpen, !isPingWaiting else { return }
        isPingWaiting = put(WebSocketFrames.ping) == .queued
    }

    /// The caller has made sure that the descriptor is that of this connection still; see ``DirectSocket``.
    private func put(_ frame: ByteBuffer) -> Sending {
        guard let socket, !isSecure, waitingBytes == 0 else { return write(frame) }
        let sent = frame.withUnsafeReadableBytes(socket.send)
        return sent == frame.readableBytes ? .written : finish(frame, after: sent)
    }

    /// Sends through the pipeline, which keeps what the kernel does not take.
    private func write(_ frame: ByteBuffer) -> Sending {
        guard let context else { return .refused }
        isWriting = true
        let nothingWaited = waitingBytes == 0
        var rest = frame
        while let part = rest.readSlice(length: min(rest.readableBytes, Self.partBytes)), part.readableBytes > 0 {
            let count = part.readableBytes
            let promise = eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { result in
                // What had to wait is gone: somebody reads, however slowly. What goes at once says nothing of that.
                if case .success = result, !self.isWriting { self.lastHeard = .now() }
                self.ended(count)
            }
            waitingBytes += count
            context.write(wrapOutboundOut(part), promise: promise)
        }
        context.flush()
        isWriting = false
        tellIfClearChanged()
        guard channel.isActive else { return .refused }
        // A peer that is not listened to has something to show from now on that it is there.
        if nothingWaited, waitingBytes > 0, isSuspended { lastHeard = .now() }
        if waitingBytes > Self.mostWaiting { owesEased = true }
        if waitingBytes > 0 { owesDrained = true }
        // What waited before may have gone with it; not from here, where the receiver is in the middle of a send.
        if waitingBytes == 0 && owesDrained || waitingBytes <= Self.mostWaiting && owesEased {
            eventLoop.assumeIsolated().execute { self.tellOfRoom() }
        }
        return waitingBytes > 0 ? .queued : .written
    }

    /// The pipeline has got rid of so many bytes.
    private func ended(_ count: Int) {
        waitingBytes -= count
        if !isWriting { tellOfRoom() }
    }

    private func tellOfRoom() {
        if owesEased, waitingBytes <= Self.mostWaiting, isOpen {
            owesEased = false
            receiver?.eased()
        }
        becomeDrained()
    }

    private func becomeDrained() {
        guard waitingBytes == 0 else { return }
        isPingWaiting = false
        guard isOpen else { return }
        answerPing()
        guard waitingBytes == 0, owesDrained else { return }
        owesDrained = false
        receiver?.drained()
    }

    // MARK: - Reading

    /// Reads nothing more from the socket, so that a peer must wait.
    ///
    /// Messages that were read already may still come, and a peer that goes away is noticed only when something is sent.
    package func suspendReading() {
        guard isOpen, !isSuspended else { return }
        isSuspended = true
        try? channel.syncOptions?.setOption(.autoRead, value: false)
    }

    package func resumeReading() {
        guard isSuspended else { return }
        isSuspended = false
        // The peer could not go on, nor be heard, meanwhile: its time begins anew.
        lastHeard = .now()
        if beginning != nil { beginning = lastHeard }
        guard channel.isActive else { return }
        try? channel.syncOptions?.setOption(.autoRead, value: true)
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastHeard = .now()
        pongsLeft = Self.mostPongs
        var bytes = unwrapInboundIn(data)
        do throws(FrameReader.Violation) {
            while state == .open || state == .closing, let event = try reader.next(from: &bytes) {
                if !reader.isInMiddle { beginning = nil }
                take(event)
            }
            if reader.isInMiddle, beginning == nil { beginning = lastHeard }
            let frames = reader.takeLesserFrames()
            guard frames == 0 || allowance.take(frames, at: lastHeard) else { throw Self.floods }
        } catch {
            fail(error)
        }
        if waitingBytes == 0 { answerPing() }
    }

    private static let floods = FrameReader.Violation(
        .policyViolation,
        "More pings, pongs and fragments than are allowed: \(mostLesserFrames)."
    )

    private func take(_ event: FrameReader.Event) {
        if case .close(let code) = event { return answerClose(code) }
        guard state == .open else { return }
        switch event {
        case .text(let text): receiver?.received(text: text)
        case .binary(let bytes): receiver?.received(binary: bytes)
        case .ping(let payload):
            waitingPong = payload
            guard waitingBytes == 0, pongsLeft > 0 else { return }
            pongsLeft -= 1
            answerPing()
        case .pong, .close: break
        }
    }

    /// Answers the last ping that has no answer yet (RFC 6455 section 5.5.3).
    private func answerPing() {
        guard let payload = waitingPong, isOpen else { return }
        waitingPong = nil
        _ = put(WebSocketFrames.pong(payload))
    }

    /// Looks whether the peer reads, and cuts short what takes too long; whoever has the connection calls it every few
    /// seconds.
    ///
    /// A message that is not whole ``longestMessage`` after its first byte came is answered with 1008: every byte counts as
    /// a sign of life, so nothing else would end a peer that sends one a minute. A timer for each connection would do the
    /// same and cost memory.
    package func tick(now: NIODeadline) {
        seeReading(at: now)
        guard let beginning, !isSuspended, now - beginning > Self.longestMessage else { return }
        fail(FrameReader.Violation(.policyViolation, "A message arrives whole within 10 s."))
    }

    /// Whoever reads what waits for him is there, however slowly he does: a ping would come to him behind all of it, and to
    /// the end of a part he may need longer than he may be silent.
    ///
    /// What his kernel takes while nothing has to wait says nothing of him, for it needs no reader.
    private func seeReading(at now: NIODeadline) {
        let mayBeBehind = waitingBytes > 0 || now - lastHeard > Self.longestUnread
        guard isOpen, mayBeBehind, let progress = socket?.progress else { return readBefore = nil }
        guard let before = readBefore else {
            if waitingBytes > 0 || progress.unsentBytes > 0 { readBefore = progress.acknowledgedBytes }
            return
        }
        guard progress.acknowledgedBytes >= before + Self.leastRead else { return }
        (lastHeard, readBefore) = (now, progress.acknowledgedBytes)
    }

    /// Whether nothing was heard of the peer for so long, though it could have said or read something.
    ///
    /// Whoever asks has called ``tick(now:)`` before.
    package func isSilent(for time: TimeAmount, at now: NIODeadline) -> Bool {
        (!isSuspended || waitingBytes > 0) && now - lastHeard > time
    }

    // MARK: - Closing

    /// Sends a close frame after what waits, and closes the connection after the peer's answer, or after
    /// ``longestClose`` whatever waits.
    ///
    /// - Parameter reason: at most 123 bytes of UTF-8; what is longer is cut.
    package func close(_ code: WebSocketCloseCode, reason: String = "") {
        guard isOpen else { return }
        say(code, WebSocketFrames.close(code, reason: reason))
        guard state == .open else { return }
        state = .closing
    }

    /// Closes because of something that the peer did wrong; what it sends after it is not looked at.
    private func fail(_ violation: FrameReader.Violation) {
        if isOpen { say(violation.code, WebSocketFrames.close(violation.code, reason: violation.explanation)) }
        linger()
    }

    /// The peer sent a close frame: an answer to ours, or the first one, which is answered with its own code.
    private func answerClose(_ code: WebSocketCloseCode?) {
        if isOpen { say(code ?? .absent, code.map { WebSocketFrames.close($0) } ?? WebSocketFrames.emptyClose) }
        linger()
    }

    /// Sends the last frame.
    private func say(_ code: WebSocketCloseCode, _ close: ByteBuffer) {
        closeCode = code
        _ = put(close)
        guard state == .open, channel.isActive else { return }
        (owesDrained, owesEased, waitingPong, beginning) = (false, false, nil, nil)
        resumeReading()
        endOfPatience = eventLoop.assumeIsolated().scheduleTask(in: Self.longestClose) {
            self.context?.close(promise: nil)
        }
    }

    private func linger() {
        guard state == .open || state == .closing else { return }
        state = .lingering
        context?.close(mode: .output, promise: nil)
    }

    /// Closes the connection at once.
    package func abandon() {
        context?.close(promise: nil)
    }

    // MARK: - The channel

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let isActive = channel.isActive
        if !isActive { state = .lingering }
        wasClear = clearSocket != nil
        receiver?.opened(self)
        if !isActive { end() }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: close(.goingAway)
        // Nobody who speaks WebSocket has anything to hear after he has said his last.
        case ChannelEvent.inputClosed:
            guard let receiver else { return context.close(promise: nil) }
            receiver.abandoned(self)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func end() {
        guard state != .gone else { return }
        state = .gone
        endOfPatience?.cancel()
        endOfPatience = nil
        let receiver = receiver
        self.receiver = nil
        receiver?.closed()
    }
}

@available(*, unavailable)
extension WebSocketConnection: Sendable {}

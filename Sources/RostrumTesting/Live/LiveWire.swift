import ChatProtocol
import NIOCore

/// The handler of a ``LiveClient``'s channel: asks for the upgrade, then makes texts of frames.
final class LiveWire: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Event {
        case text(JSONValue)
        case ended(LiveClient.Ending)
    }

    /// What is wrong with what the server sent.
    private struct Nonsense: Error {
        let what: String
    }

    private let request: String
    private let opening: EventLoopPromise<HTTPReply>
    private let answersPings: Bool
    private let onEvent: (Event) -> Void

    private var received = ByteBuffer()
    private var isOpen = false
    /// Whether the opening was decided.
    private var isDecided = false
    private var ending: LiveClient.Ending?
    private var hasEnded = false

    init(
        _ request: String,
        _ opening: EventLoopPromise<HTTPReply>,
        answersPings: Bool,
        _ onEvent: @escaping (Event) -> Void
    ) {
        (self.request, self.opening, self.answersPings, self.onEvent) = (request, opening, answersPings, onEvent)
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        do {
            if !isOpen { try open() }
            while isOpen, let frame = nextFrame() { try take(frame, context) }
        } catch {
            decide(.failure(error))
            context.close(promise: nil)
        }
        received.discardReadBytes()
    }

    /// Reads the answer to the upgrade, when it is whole.
    private func open() throws {
        let end = Array("\r\n\r\n".utf8)
        guard let range = received.readableBytesView.firstRange(of: end) else { return }
        let length = range.upperBound - received.readerIndex
        var reply = try HTTPReply(head: received.getString(at: received.readerIndex, length: length) ?? "")
        guard reply.status != 101 else {
            received.moveReaderIndex(forwardBy: length)
            isOpen = true
            return decide(.success(reply))
        }
        guard let count = reply["content-length"].flatMap(Int.init) else {
            throw Nonsense(what: "a refusal without Content-Length")
        }
        guard received.readableBytes >= length + count else { return }
        reply.body = received.getBytes(at: received.readerIndex + length, length: count) ?? []
        throw RawWebSocket.Refused(reply: reply)
    }

    private func decide(_ outcome: Result<HTTPReply, any Error>) {
        guard !isDecided else { return }
        isDecided = true
        opening.completeWith(outcome)
    }

    /// The next frame that has come whole.
    private func nextFrame() -> RawWebSocket.Frame? {
        var bytes = received
        guard let first = bytes.readInteger(as: UInt8.self), let second = bytes.readInteger(as: UInt8.self) else {
            return nil
        }
        var length = Int(second)
        switch second {
        case 126:
            guard let long = bytes.readInteger(as: UInt16.self) else { return nil }
            length = Int(long)
        case 127:
            guard let long = bytes.readInteger(as: UInt64.self) else { return nil }
            length = Int(long)
        default: break
        }
        guard let payload = bytes.readBytes(length: length) else { return nil }
        received = bytes
        return RawWebSocket.Frame(first & 0x0F, payload, isFinal: first & 0x80 != 0)
    }

    private func take(_ frame: RawWebSocket.Frame, _ context: ChannelHandlerContext) throws {
        switch frame.opcode {
        case 1: onEvent(.text(try JSONValue(parsing: frame.payload)))
        case 8:
            ending = LiveClient.Ending(code: frame.closeCode, reason: frame.closeReason)
            let answer = RawWebSocket.Frame(8, Array(frame.payload.prefix(2)))
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer.bytes())), promise: nil)
            context.close(promise: nil)
        case 9:
            guard answersPings else { return }
            let pong = RawWebSocket.Frame.pong(frame.payload).bytes()
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: pong)), promise: nil)
        case 10: break
        default: throw Nonsense(what: "a frame of opcode \(frame.opcode)")
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        decide(.failure(RawConnection.Failure.closed(pending: received.readableBytes)))
        guard isOpen, !hasEnded else { return }
        hasEnded = true
        onEvent(.ended(ending ?? LiveClient.Ending(code: nil, reason: "")))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

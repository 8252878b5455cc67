import NIOCore
import NIOEmbedded
import RostrumTesting
import WebSockets

/// A connection without a socket, and what it tells its receiver.
final class EmbeddedSocket {
    enum Event: Equatable {
        case opened, text(String), binary([UInt8]), eased, drained, closed
    }

    /// Writes down what it is told.
    final class Recorder: WebSocketReceiver {
        var events: [Event] = []
        var onEvent: (Event, WebSocketConnection) -> Void = { _, _ in }
        private(set) var connection: WebSocketConnection?

        func opened(_ connection: WebSocketConnection) {
            self.connection = connection
            record(.opened)
        }
        func received(text: ByteBuffer) { record(.text(String(buffer: text))) }
        func received(binary: ByteBuffer) { record(.binary(Array(buffer: binary))) }
        func eased() { record(.eased) }
        func drained() { record(.drained) }
        func closed() { record(.closed) }

        private func record(_ event: Event) {
            events.append(event)
            if let connection { onEvent(event, connection) }
        }
    }

    /// Keeps what is written until it is told to let it go: a peer that does not read.
    final class Dam: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        var isShut = false
        private var held: [(NIOAny, EventLoopPromise<Void>?)] = []

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            guard isShut else { return context.write(data, promise: promise) }
            held.append((data, promise))
        }

        func open(_ context: ChannelHandlerContext) {
            isShut = false
            leak(context, held.count)
        }

        /// Lets so many writes go and keeps the others.
        func leak(_ context: ChannelHandlerContext, _ count: Int) {
            let writes = held.prefix(count)
            held.removeFirst(writes.count)
            for (data, promise) in writes { context.write(data, promise: promise) }
            context.flush()
        }

        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            // As NIO does: what waits is written before the output ends, and lost when the connection does.
            if mode == .all || !isShut {
                for (_, promise) in held { promise?.fail(ChannelError.ioOnClosedChannel) }
                held = []
                context.close(mode: mode, promise: promise)
            }
        }
    }

    let channel: EmbeddedChannel
    let recorder = Recorder()
    let dam = Dam()
    let connection: WebSocketConnection

    init() throws {
        channel = EmbeddedChannel(handler: dam)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 80)).wait()
        connection = WebSocketConnection(channel, receiver: recorder, peer: "127.0.0.1", isSecure: false)
        try channel.pipeline.syncOperations.addHandler(connection)
    }

    /// What the receiver heard since it was opened.
    var events: [Event] { Array(recorder.events.dropFirst()) }

    func receive(_ bytes: [UInt8]) throws {
        try channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    func receive(_ frame: RawWebSocket.Frame) throws {
        try receive(frame.bytes())
    }

    func openDam() throws {
        dam.open(try channel.pipeline.syncOperations.context(handler: dam))
    }

    /// The peer reads a part of what waits, however much that is.
    func leakDam() throws {
        dam.leak(try channel.pipeline.syncOperations.context(handler: dam), 1)
    }

    func pass(_ time: TimeAmount) {
        channel.embeddedEventLoop.advanceTime(by: time)
    }

    /// The frames that went out since the last look.
    func sent() throws -> [RawWebSocket.Frame] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += Array(buffer: buffer) }
        var frames: [RawWebSocket.Frame] = []
        while bytes.count >= 2 {
            var (start, length) = (2, Int(bytes[1]))
            if length >= 126 {
                start = length == 126 ? 4 : 10
                length = bytes[2..<start].reduce(0) { $0 << 8 | Int($1) }
            }
            var frame = RawWebSocket.Frame(
                bytes[0] & 0x0F,
                Array(bytes[start..<start + length]),
                isFinal: bytes[0] & 0x80 != 0
            )
            frame.reserved = bytes[0] & 0x70
            frames.append(frame)
            bytes.removeFirst(start + length)
        }
        return frames
    }
}

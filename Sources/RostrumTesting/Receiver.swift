package import NIOCore
import NIOPosix
package import NIOSSL
import Synchronization

/// A backend on this machine that takes requests and answers each with what its script does to the connection.
///
/// Everything is counted and kept as it came, so that a test can say what was sent and what was not.
package final class Receiver: Sendable {
    package struct Request: Sendable {
        /// The lines of the head, without their ends.
        package let lines: [String]
        package let body: [UInt8]

        /// The value of a header, whose name is given in small letters; nil when there is none.
        package func header(_ name: String) -> String? {
            lines.first { $0.lowercased().hasPrefix(name + ":") }.map { line in
                String(line.dropFirst(name.count + 1).drop { $0 == " " })
            }
        }
    }

    /// Runs on the connection's event loop.
    package typealias Script = @Sendable (any Channel, Request) -> Void

    package struct Record: Sendable {
        package var connections = 0
        package var closed = 0
        package var bytesReceived = 0
        package var requests: [Request] = []
    }

    private struct State {
        var record = Record()
        var open: [ObjectIdentifier: any Channel] = [:]
    }

    package let port: Int
    private let listener: any Channel
    private let state: Box

    private final class Box: Sendable {
        let value = Mutex(State())
    }

    package var record: Record { state.value.withLock { $0.record } }

    /// Listens for as long as `body` runs.
    ///
    /// - Parameters:
    ///   - port: 0 for a free one.
    ///   - greeting: sent as soon as a connection is there.
    ///   - closesAtOnce: closes every connection as soon as it is there.
    package static func listening<Result>(
        at host: String = "127.0.0.1",
        port: Int = 0,
        tls: TLSConfiguration? = nil,
        greeting: String = "",
        closesAtOnce: Bool = false,
        _ script: @escaping Script,
        _ body: (Receiver) async throws -> Result
    ) async throws -> Result {
        let receiver = try await Receiver(
            host: host,
            port: port,
            tls: tls,
            greeting: greeting,
            closesAtOnce: closesAtOnce,
            script: script
        )
        do {
            let result = try await body(receiver)
            await receiver.stop()
            return result
        } catch {
            await receiver.stop()
            throw error
        }
    }

    /// Listens until ``stop()``.
    ///
    /// - Parameter port: 0 for a free one.
    package static func start(
        at host: String = "127.0.0.1",
        port: Int = 0,
        _ script: @escaping Script
    ) async throws -> Receiver {
        try await Receiver(
            host: host,
            port: port,
            tls: nil,
            greeting: "",
            closesAtOnce: false,
            script: script
        )
    }

    private init(
        host: String,
        port: Int,
        tls: TLSConfiguration?,
        greeting: String,
        closesAtOnce: Bool,
        script: @escaping Script
    ) async throws {
        let state = Box()
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            // Another may have listened there a moment ago.
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                state.value.withLock {
                    $0.record.connections += 1
                    $0.open[ObjectIdentifier(channel)] = channel
                }
                channel.closeFuture.whenComplete { _ in
                    state.value.withLock {
                        $0.record.closed += 1
                        $0.open[ObjectIdentifier(channel)] = nil
                    }
                }
                guard !closesAtOnce else { return channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel) }
                return channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        Reader(state: state, greeting: greeting, script: script)
                    )
                }
            }
            .bind(host: host, port: port).get()
        self.port = listener.localAddress?.port ?? 0
        self.state = state
    }

    /// Closes every connection, whatever is under way, and listens no more.
    package func stop() async {
        try? await listener.close()
        for channel in state.value.withLock({ Array($0.open.values) }) { try? await channel.close() }
    }

    /// Gathers requests with a `Content-Length`.
    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let state: Box
        private let greeting: String
        private let script: Script
        private var pending: [UInt8] = []

        init(state: Box, greeting: String, script: @escaping Script) {
            (self.state, self.greeting, self.script) = (state, greeting, script)
        }

        func channelActive(context: ChannelHandlerContext) {
            guard !greeting.isEmpty else { return }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: greeting)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            pending += buffer.readableBytesView
            state.value.withLock { $0.record.bytesReceived += buffer.readableBytes }
            while let request = takeRequest() {
                state.value.withLock { $0.record.requests.append(request) }
                script(context.channel, request)
            }
        }

        private func takeRequest() -> Request? {
            guard let end = pending.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
            let lines = String(decoding: pending[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n").map {
                String($0)
            }
            let length = lines.first { $0.lowercased().hasPrefix("content-length:") }
                .flatMap { Int($0.dropFirst("content-length:".count).filter { $0 != " " }) }
            guard let length, pending.count >= end.upperBound + length else { return nil }
            let body = Array(pending[end.upperBound..<end.upperBound + length])
            pending.removeFirst(end.upperBound + length)
            return Request(lines: lines, body: body)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}

extension Receiver {
    /// Sends a reply and keeps the connection.
    package static func reply(_ status: Int, _ body: String, headers: String = "") -> Script {
        raw("HTTP/1.1 \(status) As scripted\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
    }

    package static func raw(_ text: String, thenClose: Bool = false) -> Script {
        { channel, _ in
            channel.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in
                if thenClose { channel.close(promise: nil) }
            }
        }
    }

    /// Keeps silent.
    package static let nothing: Script = { _, _ in }

    package static let close: Script = { channel, _ in channel.close(promise: nil) }

    /// Begins a long reply and sends one byte of it a second.
    package static let drip: Script = { channel, _ in
        channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), promise: nil)
        let task = channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .seconds(1)) { _ in
            channel.writeAndFlush(ByteBuffer(string: "x"), promise: nil)
        }
        channel.closeFuture.whenComplete { _ in task.cancel() }
    }

    /// Sends `head` and then body bytes as fast as they are taken.
    ///
    /// - Parameter sent: told of every chunk that the network took.
    package static func flood(_ head: String, sent: @escaping @Sendable (Int) -> Void) -> Script {
        { channel, _ in
            channel.writeAndFlush(ByteBuffer(string: head), promise: nil)
            pour(ByteBuffer(repeating: UInt8(ascii: "x"), count: 65_536), into: channel, sent: sent)
        }
    }

    private static func pour(_ chunk: ByteBuffer, into channel: any Channel, sent: @escaping @Sendable (Int) -> Void) {
        channel.writeAndFlush(chunk).whenSuccess {
            sent(chunk.readableBytes)
            channel.eventLoop.execute { pour(chunk, into: channel, sent: sent) }
        }
    }
}

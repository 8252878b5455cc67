import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Server
import Testing

/// A request that does not arrive whole in time costs its connection (the handler's own description says why).
@Suite struct RequestDeadlineTests {
    private static let head = HTTPRequestPart.head(
        HTTPRequest(method: .post, scheme: "http", authority: "localhost", path: "/")
    )
    private static let body = HTTPRequestPart.body(ByteBuffer(string: "{}"))
    private static let end = HTTPRequestPart.end(nil)

    /// A connection behind the handler; every inner list is what one read of the socket gives.
    private func channel() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: RequestDeadline())
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 80)).wait()
        return channel
    }

    private func read(_ parts: [HTTPRequestPart], on channel: EmbeddedChannel) {
        for part in parts { channel.pipeline.fireChannelRead(part) }
        channel.pipeline.fireChannelReadComplete()
    }

    private func pass(_ time: TimeAmount, on channel: EmbeddedChannel) {
        channel.embeddedEventLoop.advanceTime(by: time)
    }

    @Test("a head without an end closes the connection after 10 s, and not before")
    func headWithoutEnd() throws {
        let channel = try channel()
        read([Self.head], on: channel)

        pass(.milliseconds(9999), on: channel)
        #expect(channel.isActive)
        pass(.milliseconds(1), on: channel)
        #expect(!channel.isActive)
    }

    @Test("bytes that are not yet a head count: they are the beginning of one")
    func partialHead() throws {
        let channel = try channel()
        read([], on: channel)

        pass(.seconds(10), on: channel)
        #expect(!channel.isActive)
    }

    @Test("a byte now and then does not lengthen the time")
    func drip() throws {
        let channel = try channel()
        for second in 0..<10 {
            #expect(channel.isActive, "\(second)")
            read(second == 3 ? [Self.head] : second > 3 ? [Self.body] : [], on: channel)
            pass(.seconds(1), on: channel)
        }
        #expect(!channel.isActive)
    }

    @Test("a request in one piece arms nothing, however long its answer takes")
    func completeRequest() throws {
        let channel = try channel()
        for _ in 0..<3 {
            read([Self.head, Self.body, Self.end], on: channel)
            pass(.minutes(10), on: channel)
            #expect(channel.isActive)
        }
        _ = try channel.finish()
    }

    @Test("pipelined requests in one piece arm nothing")
    func pipelined() throws {
        let channel = try channel()
        read([Self.head, Self.end, Self.head, Self.body, Self.end], on: channel)

        pass(.minutes(10), on: channel)

        #expect(channel.isActive)
        _ = try channel.finish()
    }

    @Test("a silent connection is not the handler's business")
    func silent() throws {
        let channel = try channel()

        pass(.minutes(10), on: channel)

        #expect(channel.isActive)
        _ = try channel.finish()
    }

    @Test("a half request that comes whole in time calls the deadline off")
    func resumed() throws {
        let channel = try channel()
        read([], on: channel)
        pass(.seconds(4), on: channel)
        read([Self.head], on: channel)
        pass(.seconds(5), on: channel)
        read([Self.body, Self.end], on: channel)

        pass(.minutes(10), on: channel)

        #expect(channel.isActive)
        _ = try channel.finish()
    }

    @Test("the next request has its own 10 s")
    func nextRequest() throws {
        let channel = try channel()
        read([Self.head], on: channel)
        pass(.seconds(9), on: channel)
        read([Self.end, Self.head], on: channel)

        pass(.milliseconds(9999), on: channel)
        #expect(channel.isActive)
        pass(.milliseconds(1), on: channel)
        #expect(!channel.isActive)
    }

    @Test("every part goes on, in its order")
    func passesOn() throws {
        let channel = try channel()
        let parts = [Self.head, Self.body, Self.body, Self.end, Self.head, Self.end]

        read(parts, on: channel)

        for part in parts { #expect(try channel.readInbound(as: HTTPRequestPart.self) == part) }
        #expect(try channel.readInbound(as: HTTPRequestPart.self) == nil)
        _ = try channel.finish()
    }

    @Test("a connection that goes while the deadline runs leaves nothing behind")
    func closedMeanwhile() throws {
        let channel = try channel()
        read([Self.head], on: channel)

        try channel.close().wait()
        pass(.minutes(1), on: channel)

        #expect(!channel.isActive)
    }

    @Test("a handler that is removed calls its deadline off")
    func removed() throws {
        let channel = try channel()
        read([Self.head], on: channel)

        try channel.pipeline.context(handlerType: RequestDeadline.self)
            .flatMap { channel.pipeline.syncOperations.removeHandler(context: $0) }.wait()
        pass(.minutes(1), on: channel)

        #expect(channel.isActive)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test("another limit is another limit")
    func otherLimit() throws {
        let channel = EmbeddedChannel(handler: RequestDeadline(limit: .milliseconds(50)))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 80)).wait()
        read([Self.head], on: channel)

        pass(.milliseconds(50), on: channel)

        #expect(!channel.isActive)
    }
}

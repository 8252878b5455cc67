import NIOCore
import NIOEmbedded
import RostrumTesting
import Testing
import WebSockets

/// How much a peer may do, and what of its frames counts.
@Suite struct AllowanceTests {
    private typealias Frame = RawWebSocket.Frame

    @Test("a burst is allowed, then so much a second, and never more than a burst at once")
    func bursts() {
        let start = NIODeadline.now()
        var allowance = Allowance(Allowance.Rule(burst: 10, perSecond: 4), at: start)
        func take(_ count: Int, after milliseconds: Int64) -> Bool {
            allowance.take(count, at: start + .milliseconds(milliseconds))
        }
        #expect(take(9, after: 0))
        #expect(take(1, after: 0))
        #expect(take(1, after: 250))
        #expect(take(0, after: 250))
        #expect(take(10, after: 60_000))
        #expect(!take(1, after: 60_100))
    }

    @Test("who did more than is allowed is told how long to wait")
    func delays() {
        let start = NIODeadline.now()
        var allowance = Allowance(Allowance.Rule(burst: 10, perSecond: 4), at: start)
        allowance.take(10, at: start)
        #expect(allowance.delay(at: start) == .zero)
        allowance.take(2, at: start)
        #expect(allowance.delay(at: start) == .milliseconds(500))
        #expect(allowance.delay(at: start + .milliseconds(300)) == .milliseconds(200))
        #expect(allowance.delay(at: start + .seconds(1)) == .zero)
    }

    @Test("who pings once a second and answers pings is never hit")
    func wellBehaved() {
        let start = NIODeadline.now()
        var allowance = Allowance(WebSocketConnection.mostLesserFrames, at: start)
        #expect((0..<100_000).allSatisfy { allowance.take($0 % 25 == 0 ? 2 : 1, at: start + .seconds($0)) })
    }

    /// Frames that begin no message, as many as a message may have fragments.
    static let floods: [(name: String, bytes: [UInt8])] = [
        ("pings", [[UInt8]](repeating: Frame.ping([1]).bytes(), count: 1024)),
        ("pongs", [[UInt8]](repeating: Frame.pong().bytes(), count: 1024)),
        (
            "fragments",
            [Frame.text("", isFinal: false).bytes()]
                + [[UInt8]](repeating: Frame.more([], isFinal: false).bytes(), count: 1022) + [Frame.more([]).bytes()]
        ),
    ].map { ($0, Array($1.joined())) }

    @Test("pings, pongs and fragments are allowed so many at once, and end the connection beyond", arguments: 0..<3)
    func flood(index: Int) throws {
        let (name, bytes) = Self.floods[index]
        let socket = try EmbeddedSocket()

        try socket.receive(bytes)
        #expect(socket.connection.isOpen, "\(name)")
        _ = try socket.sent()
        for _ in 0..<3 where socket.channel.isActive { try socket.receive(bytes) }

        #expect(try socket.sent().compactMap(\.closeCode) == [1008], "\(name)")
        #expect(socket.events.last == .closed, "\(name)")
    }

    @Test("messages in one frame are their receiver's to count")
    func messages() throws {
        let socket = try EmbeddedSocket()

        try socket.receive(Array([[UInt8]](repeating: Frame.text("").bytes(), count: 5000).joined()))

        #expect(socket.events.count == 5000)
        #expect(socket.connection.isOpen)
    }
}

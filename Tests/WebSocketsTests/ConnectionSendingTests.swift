import NIOCore
import NIOEmbedded
import RostrumTesting
import Testing
import WebSockets

/// Slow peers: what waits, what is refused, and when a receiver hears of it.
@Suite struct ConnectionSendingTests {
    private typealias Frame = RawWebSocket.Frame

    private let frame = WebSocketFrames.binary([UInt8](repeating: 7, count: 996))

    @Test("a frame that the peer takes is written, and nothing is heard of it")
    func written() throws {
        let socket = try EmbeddedSocket()

        #expect(socket.connection.send(frame) == .written)
        #expect(socket.connection.sendAlways(WebSocketFrames.text("hello")) == .written)

        #expect(try socket.sent() == [.binary([UInt8](repeating: 7, count: 996)), .text("hello")])
        #expect(socket.connection.waitingBytes == 0)
        #expect(socket.events.isEmpty)
    }

    @Test("what the peer does not take waits up to the bound; then `send` refuses and `sendAlways` does not")
    func bound() throws {
        let socket = try EmbeddedSocket()
        socket.dam.isShut = true

        var queued = 0
        while socket.connection.send(frame) == .queued { queued += 1 }
        #expect(queued == WebSocketConnection.mostWaiting / 1000 + 1)
        #expect(socket.connection.waitingBytes == queued * 1000)
        #expect(socket.connection.sendAlways(WebSocketFrames.text("answer")) == .queued)
        #expect(socket.events.isEmpty)

        try socket.openDam()
        #expect(socket.connection.waitingBytes == 0)
        #expect(socket.events == [.eased, .drained])
        #expect(try socket.sent().count == queued + 1)
        #expect(socket.connection.send(frame) == .written)
        #expect(socket.events == [.eased, .drained])
    }

    @Test("a receiver may send again from `drained`")
    func sendsWhenDrained() throws {
        let socket = try EmbeddedSocket()
        let frame = frame
        socket.recorder.onEvent = { event, connection in
            if event == .drained { #expect(connection.send(frame) == .written) }
        }
        socket.dam.isShut = true
        _ = socket.connection.send(frame)

        try socket.openDam()

        #expect(try socket.sent().count == 2)
        #expect(socket.events == [.drained])
    }

    @Test("a receiver hears that there is room for more, once, even if there is always something that waits")
    func eased() throws {
        let socket = try EmbeddedSocket()
        socket.dam.isShut = true
        _ = socket.connection.sendAlways(WebSocketFrames.text(String(repeating: "x", count: 1 << 18)))
        while socket.connection.waitingBytes > WebSocketConnection.mostWaiting {
            #expect(socket.events.isEmpty)
            try socket.leakDam()
        }
        #expect(socket.events == [.eased])

        for _ in 0..<50 {
            #expect(socket.connection.send(frame) == .queued)
            try socket.leakDam()
        }
        #expect(socket.connection.waitingBytes > 0)
        #expect(socket.events == [.eased])
        while socket.connection.send(frame) == .queued {}
        try socket.leakDam()
        #expect(socket.events == [.eased, .eased])

        try socket.openDam()
        #expect(socket.events == [.eased, .eased, .drained])
    }

    @Test("every part of a long frame that the peer reads is a sign of life")
    func progress() throws {
        let socket = try EmbeddedSocket()
        socket.dam.isShut = true
        let text = String(repeating: "x", count: 1 << 20)
        #expect(socket.connection.sendAlways(WebSocketFrames.text(text)) == .queued)

        var signs = 0
        while socket.connection.waitingBytes > 0 {
            let (waiting, heard) = (socket.connection.waitingBytes, socket.connection.lastHeard)
            try socket.leakDam()
            try #require(socket.connection.waitingBytes < waiting)
            #expect(socket.connection.lastHeard > heard)
            signs += 1
        }

        #expect(signs >= 16)
        #expect(try socket.sent() == [.text(text)])
        #expect(socket.events == [.eased, .drained])
    }

    @Test("what is lost with the connection is no sign of life")
    func noProgress() throws {
        let socket = try EmbeddedSocket()
        socket.dam.isShut = true
        _ = socket.connection.send(WebSocketFrames.text("never read"))
        let heard = socket.connection.lastHeard

        socket.connection.abandon()

        #expect(socket.connection.waitingBytes == 0)
        #expect(socket.connection.lastHeard == heard)
    }

    @Test("pings of a peer that does not read leave one pong, for the last of them")
    func pingFlood() throws {
        let socket = try EmbeddedSocket()
        socket.dam.isShut = true
        _ = socket.connection.send(WebSocketFrames.text("slow"))
        let waiting = socket.connection.waitingBytes

        for number in 0..<200 { try socket.receive(.ping([UInt8(number)])) }
        #expect(socket.connection.waitingBytes == waiting)
        try socket.openDam()

        #expect(try socket.sent() == [.text("slow"), .pong([199])])
    }

    @Test("of a flood of pings in one read the first are answered and the last one")
    func pingsInOneRead() throws {
        let socket = try EmbeddedSocket()

        try socket.receive(Array((0..<200).map { Frame.ping([UInt8($0)]).bytes() }.joined()))

        let pongs = try socket.sent()
        #expect(pongs.count < 20)
        #expect(pongs.first == .pong([0]))
        #expect(pongs.last == .pong([199]))
    }

    @Test("ten pings are answered one by one, as the conformance suite likes it")
    func tenPings() throws {
        let socket = try EmbeddedSocket()
        let numbers = (0..<10).map { UInt8($0) }

        try socket.receive(Array(numbers.map { Frame.ping([$0]).bytes() }.joined()))

        #expect(try socket.sent() == numbers.map { .pong([$0]) })
    }

    @Test("a ping of ours waits at most once")
    func ownPings() throws {
        let socket = try EmbeddedSocket()
        socket.dam.isShut = true

        for _ in 0..<5 { socket.connection.ping() }
        #expect(socket.connection.waitingBytes == 2)
        try socket.openDam()
        socket.connection.ping()

        #expect(try socket.sent() == [.ping(), .ping()])
    }

    @Test("reading is stopped and taken up again")
    func suspension() throws {
        let socket = try EmbeddedSocket()
        func isReading() -> Bool? {
            socket.channel.options.last { $0.option is ChannelOptions.Types.AutoReadOption }?.value as? Bool
        }

        socket.connection.suspendReading()
        socket.connection.suspendReading()
        #expect(isReading() == false)
        socket.connection.resumeReading()
        #expect(isReading() == true)

        // Whoever closes wants to read the answer.
        socket.connection.suspendReading()
        socket.connection.close(.normal)
        #expect(isReading() == true)
    }
}

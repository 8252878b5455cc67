import NIOCore
import NIOEmbedded
import RostrumTesting
import Testing
import WebSockets

/// How a connection ends, and how long a peer has for what.
@Suite struct ConnectionClosingTests {
    private typealias Frame = RawWebSocket.Frame

    @Test("a close that the peer answers ends the connection at once, and messages before the answer are ignored")
    func handshake() throws {
        let socket = try EmbeddedSocket()

        socket.connection.close(.normal, reason: "done")
        #expect(!socket.connection.isOpen)
        #expect(socket.connection.send(WebSocketFrames.text("late")) == .refused)
        socket.connection.close(.goingAway)
        try socket.receive(Frame.text("crossing").bytes() + Frame.ping().bytes())
        #expect(socket.channel.isActive)
        try socket.receive(.close(1000))

        #expect(try socket.sent() == [.close(1000, "done")])
        #expect(!socket.channel.isActive)
        #expect(socket.events == [.closed])
    }

    @Test("a close without an answer cuts the connection after 2 s")
    func noAnswer() throws {
        let socket = try EmbeddedSocket()
        socket.connection.close(.goingAway)

        socket.pass(.milliseconds(1999))
        #expect(socket.channel.isActive)
        socket.pass(.milliseconds(1))

        #expect(!socket.channel.isActive)
        #expect(socket.events == [.closed])
    }

    @Test("a peer that does not read is cut 2 s after the close, whatever waits")
    func unreadClose() throws {
        let socket = try EmbeddedSocket()
        socket.dam.isShut = true
        while socket.connection.send(WebSocketFrames.text("slow")) == .queued {}

        socket.connection.close(WebSocketCloseCode(rawValue: 4409))
        #expect(socket.channel.isActive)
        socket.pass(.seconds(2))

        #expect(!socket.channel.isActive)
        #expect(socket.events == [.closed])
    }

    @Test("the receiver may close while it is told of a message; what was read with it is dropped")
    func closesInMessage() throws {
        let socket = try EmbeddedSocket()
        socket.recorder.onEvent = { event, connection in
            if case .text = event { connection.close(.policyViolation) }
        }

        try socket.receive(Frame.text("one").bytes() + Frame.text("two").bytes())

        #expect(socket.events == [.text("one")])
        #expect(try socket.sent().map(\.closeCode) == [1008])
    }

    @Test("a server that stops says so with 1001")
    func quiescing() throws {
        let socket = try EmbeddedSocket()

        socket.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())

        #expect(try socket.sent() == [.close(1001)])
    }

    @Test("a peer that ends its side without a word is closed")
    func endOfInput() throws {
        let socket = try EmbeddedSocket()

        socket.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)

        #expect(!socket.channel.isActive)
        #expect(socket.events == [.closed])
    }

    @Test("a broken connection is closed, and its receiver hears of it once")
    func broken() throws {
        let socket = try EmbeddedSocket()

        socket.channel.pipeline.fireErrorCaught(IOError(errnoCode: 104, reason: "recv"))
        socket.connection.close(.normal)
        _ = try? socket.channel.finish(acceptAlreadyClosed: true)

        #expect(socket.events == [.closed])
        #expect(socket.connection.send(WebSocketFrames.ping) == .refused)
    }

    @Test("afterwards it is known how it ended: by the first close frame, or without any")
    func closeCode() throws {
        let closedByPeer = try EmbeddedSocket()
        #expect(closedByPeer.connection.closeCode == .abnormal)
        try closedByPeer.receive(.close(1001))
        #expect(closedByPeer.connection.closeCode == .goingAway)

        let withoutCode = try EmbeddedSocket()
        try withoutCode.receive(Frame(8))
        #expect(withoutCode.connection.closeCode == .absent)

        let closedByUs = try EmbeddedSocket()
        closedByUs.connection.close(.policyViolation)
        try closedByUs.receive(.close(1000))
        #expect(closedByUs.connection.closeCode == .policyViolation)

        let broken = try EmbeddedSocket()
        try broken.receive([0xFF])
        #expect(broken.connection.closeCode == .protocolError)

        let gone = try EmbeddedSocket()
        gone.channel.close(promise: nil)
        #expect(gone.events == [.closed])
        #expect(gone.connection.closeCode == .abnormal)
    }

    @Test("a connection that was gone before its upgrade was done opens and closes")
    func goneBefore() throws {
        let channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 80)).wait()
        let recorder = EmbeddedSocket.Recorder()
        let connection = WebSocketConnection(channel, receiver: recorder, peer: "", isSecure: false)
        channel.close(promise: nil)

        try channel.pipeline.syncOperations.addHandler(connection)

        #expect(recorder.events == [.opened, .closed])
    }

    @Test("a message that is not whole 10 s after its first byte is answered with 1008, however it drips")
    func drip() throws {
        let socket = try EmbeddedSocket()
        let bytes = Frame.text("a byte a minute").bytes()
        let start = NIODeadline.now()

        for byte in bytes.dropLast() {
            try socket.receive([byte])
            socket.connection.tick(now: start + .seconds(9))
            #expect(socket.connection.isOpen)
        }
        socket.connection.tick(now: .now() + .seconds(11))

        #expect(try socket.sent().map(\.closeCode) == [1008])
        #expect(socket.events == [.closed])
    }

    @Test("fragments do not lengthen the time that their message has, nor do pings between them")
    func drippingFragments() throws {
        let socket = try EmbeddedSocket()
        try socket.receive(.text("begun", isFinal: false))
        try socket.receive(.ping())
        try socket.receive(.more([0x61], isFinal: false))

        socket.connection.tick(now: .now() + .seconds(11))

        #expect(try socket.sent().last?.closeCode == 1008)
    }

    @Test("a peer is not to blame for the time in which nothing was read from it")
    func suspended() throws {
        let socket = try EmbeddedSocket()
        try socket.receive(.text("begun", isFinal: false))

        socket.connection.suspendReading()
        socket.connection.tick(now: .now() + .hours(1))
        #expect(socket.connection.isOpen)
        socket.connection.resumeReading()
        socket.connection.tick(now: .now() + .seconds(9))
        #expect(socket.connection.isOpen)
        socket.connection.tick(now: .now() + .seconds(11))
        #expect(!socket.connection.isOpen)
    }

    @Test("whole messages leave nothing that could grow old")
    func wholeMessages() throws {
        let socket = try EmbeddedSocket()
        let bytes = Frame.text("one").bytes() + Frame.ping().bytes()
        try socket.receive(Array(bytes.prefix(3)))
        try socket.receive(Array(bytes.dropFirst(3)))

        socket.connection.tick(now: .now() + .hours(1))

        #expect(socket.connection.isOpen)
    }

    @Test("a peer that is not listened to is silent only as long as something waits for it that it does not read")
    func silence() throws {
        let socket = try EmbeddedSocket()
        let limit = TimeAmount.seconds(50)
        func isSilent(after time: TimeAmount) -> Bool {
            socket.connection.isSilent(for: limit, at: socket.connection.lastHeard + time)
        }
        #expect(!isSilent(after: .seconds(50)))
        #expect(isSilent(after: .seconds(51)))

        socket.connection.suspendReading()
        #expect(!isSilent(after: .hours(1)))

        // From then on it has something to read.
        let before = socket.connection.lastHeard
        socket.dam.isShut = true
        #expect(socket.connection.send(WebSocketFrames.text("one")) == .queued)
        let beginning = socket.connection.lastHeard
        #expect(beginning > before)
        #expect(isSilent(after: .seconds(51)))
        #expect(socket.connection.send(WebSocketFrames.text("two")) == .queued)
        #expect(socket.connection.lastHeard == beginning)

        try socket.openDam()
        #expect(!isSilent(after: .hours(1)))
    }

    @Test("any bytes count as a sign of life")
    func lastHeard() throws {
        let socket = try EmbeddedSocket()
        let before = socket.connection.lastHeard

        try socket.receive([0x81])

        #expect(socket.connection.lastHeard > before)
    }
}

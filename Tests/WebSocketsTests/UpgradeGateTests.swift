import NIOCore
import NIOEmbedded
import NIOHTTP1
import RostrumTesting
import Testing
import WebSockets

/// What becomes of a connection by its first request.
@Suite struct UpgradeGateTests {
    /// Decides what it is told, when it is told.
    private final class Door: WebSocketDoor, @unchecked Sendable {
        // Used on the thread of its test alone.
        var requests: [UpgradeRequest] = []
        /// What is said when there is no decision; nil for what doors say that say nothing of their own.
        var excuse: UpgradeDecision?
        private var promises: [EventLoopPromise<UpgradeDecision>] = []

        func decide(_ request: UpgradeRequest, on eventLoop: any EventLoop) -> EventLoopFuture<UpgradeDecision> {
            requests.append(request)
            promises.append(eventLoop.makePromise())
            return promises[promises.count - 1].futureResult
        }

        func unavailable(_ request: UpgradeRequest) -> UpgradeDecision {
            excuse ?? .refuse(status: .serviceUnavailable, headers: [:], body: [])
        }

        func answer(_ decision: UpgradeDecision) {
            promises.last?.succeed(decision)
        }

        func fail() {
            promises.last?.fail(ChannelError.eof)
        }
    }

    /// A connection with a gate before the door `/ws`.
    private final class Entrance {
        let channel = EmbeddedChannel()
        let door = Door()
        var recorder = EmbeddedSocket.Recorder()
        var becameHTTP = 0
        var becameOther = 0
        /// What came out behind the gate, when the connection is one of HTTP.
        var parts: [HTTPServerRequestPart] = []

        init() throws {
            let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
            let encoder = HTTPResponseEncoder()
            let gate = UpgradeGate(
                doors: ["/ws": door],
                isSecure: false,
                idleTimeout: .seconds(120),
                codec: [decoder, encoder],
                becomeHTTP: { [unowned self] in becameHTTP += 1 },
                becomeOther: { [unowned self] in becameOther += 1 }
            )
            try channel.pipeline.syncOperations.addHandlers([encoder, decoder, gate])
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.7", port: 80)).wait()
        }

        deinit {
            _ = try? channel.finish(acceptAlreadyClosed: true)
        }

        func receive(_ text: String) throws {
            try channel.writeInbound(ByteBuffer(string: text))
        }

        func receive(_ bytes: [UInt8]) throws {
            try channel.writeInbound(ByteBuffer(bytes: bytes))
        }

        func accept() {
            let recorder = NIOLoopBound(recorder, eventLoop: channel.eventLoop)
            door.answer(.accept(subprotocol: nil) { recorder.value })
            channel.embeddedEventLoop.run()
        }

        func sent() throws -> String {
            channel.embeddedEventLoop.run()
            return String(decoding: try sentBytes(), as: UTF8.self)
        }

        func sentBytes() throws -> [UInt8] {
            var bytes: [UInt8] = []
            while let part = try channel.readOutbound(as: IOData.self) {
                if case .byteBuffer(let buffer) = part { bytes += Array(buffer: buffer) }
            }
            return bytes
        }

        /// The parts of requests that came out behind the gate.
        func passed() throws -> [HTTPServerRequestPart] {
            var parts: [HTTPServerRequestPart] = []
            while let part = try channel.readInbound(as: HTTPServerRequestPart.self) { parts.append(part) }
            return parts
        }

        func pass(_ time: TimeAmount) {
            channel.embeddedEventLoop.advanceTime(by: time)
        }
    }

    private let upgrade = RawWebSocket.request("/ws?sdkappid=1&identifier=anna")

    @Test("an accepted upgrade is answered as RFC 6455 has it, and nothing of HTTP is left")
    func accepted() throws {
        let entrance = try Entrance()

        try entrance.receive(upgrade)
        #expect(try entrance.sent() == "")
        #expect(entrance.door.requests.map(\.uri) == ["/ws?sdkappid=1&identifier=anna"])
        #expect(entrance.door.requests.map(\.peer) == ["192.0.2.7"])
        #expect(entrance.becameOther == 0)
        entrance.accept()

        let answer = try entrance.sent().lowercased()
        #expect(answer.hasPrefix("http/1.1 101 switching protocols\r\n"))
        // The key and its answer are those of RFC 6455 section 1.3.
        #expect(answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"))
        #expect(entrance.recorder.events == [.opened])
        #expect((entrance.becameHTTP, entrance.becameOther) == (0, 1))
        #expect(throws: (any Error).self) {
            try entrance.channel.pipeline.syncOperations.handler(type: HTTPResponseEncoder.self)
        }
        #expect(throws: (any Error).self) {
            try entrance.channel.pipeline.syncOperations.handler(type: UpgradeGate.self)
        }
        try entrance.receive(RawWebSocket.Frame.text("hello").bytes())
        #expect(entrance.recorder.events == [.opened, .text("hello")])
    }

    @Test("frames that came right behind the request, or while the door decides, are not lost")
    func earlyFrames() throws {
        let entrance = try Entrance()

        try entrance.receive(Array(upgrade.utf8) + RawWebSocket.Frame.text("one").bytes())
        try entrance.receive(RawWebSocket.Frame.text("two").bytes())
        entrance.accept()

        #expect(entrance.recorder.events == [.opened, .text("one"), .text("two")])
    }

    @Test("an upgrade may be accepted with a subprotocol, and closed at once")
    func acceptedAndClosed() throws {
        let entrance = try Entrance()
        try entrance.receive(upgrade)

        entrance.door.answer(
            .acceptAndClose(subprotocol: "rostrum.v1", code: WebSocketCloseCode(rawValue: 4401), reason: "no")
        )
        entrance.channel.embeddedEventLoop.run()

        let bytes = try entrance.sentBytes()
        let close = RawWebSocket.Frame.close(4401, "no").bytes(isMasked: false)
        #expect(Array(bytes.suffix(close.count)) == close)
        let head = String(decoding: bytes.dropLast(close.count), as: UTF8.self)
        #expect(head.hasPrefix("HTTP/1.1 101 "))
        #expect(head.contains("sec-websocket-protocol: rostrum.v1\r\n"))
    }

    @Test("a refusal is an ordinary answer, and the connection ends after it")
    func refused() throws {
        let entrance = try Entrance()
        try entrance.receive(upgrade)

        entrance.door.answer(.refuse(status: .unauthorized, headers: ["x-a": "b"], body: Array("{}".utf8)))

        let answer = try entrance.sent()
        #expect(answer.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
        #expect(answer.contains("x-a: b\r\n"))
        #expect(answer.contains("content-length: 2\r\n"))
        #expect(answer.contains("connection: close\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n{}"))
        #expect((entrance.becameHTTP, entrance.becameOther) == (0, 1))
        #expect(!entrance.channel.isActive)
    }

    @Test("a door that fails, or takes longer than 10 s, refuses with 503", arguments: [true, false])
    func failed(isLate: Bool) throws {
        let entrance = try Entrance()
        try entrance.receive(upgrade)

        if isLate {
            entrance.pass(.milliseconds(9999))
            #expect(try entrance.sent() == "")
            entrance.pass(.milliseconds(1))
        } else {
            entrance.door.fail()
        }

        #expect(try entrance.sent().hasPrefix("HTTP/1.1 503 "))
        if isLate { entrance.accept() }
        #expect(entrance.recorder.events.isEmpty)
        #expect(entrance.becameOther == 1)
    }

    @Test(
        "a door may have something of its own to say when there is no decision",
        arguments: ["late", "fails", "stops"]
    )
    func excused(how: String) throws {
        let entrance = try Entrance()
        entrance.door.excuse = .acceptAndClose(subprotocol: "rostrum.v1", code: .tryAgainLater, reason: "later")
        try entrance.receive(upgrade)

        switch how {
        case "late": entrance.pass(.seconds(10))
        case "fails": entrance.door.fail()
        default: entrance.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        entrance.channel.embeddedEventLoop.run()
        entrance.accept()

        let bytes = try entrance.sentBytes()
        let close = RawWebSocket.Frame.close(1013, "later").bytes(isMasked: false)
        #expect(Array(bytes.suffix(close.count)) == close)
        #expect(String(decoding: bytes.dropLast(close.count), as: UTF8.self).hasPrefix("HTTP/1.1 101 "))
        #expect(entrance.recorder.events.isEmpty)
        // The peer, who does not answer, is cut soon.
        entrance.pass(.seconds(2))
        #expect(!entrance.channel.isActive)
        #expect(entrance.becameOther == 1)
    }

    @Test("a peer that leaves while the door decides is forgotten")
    func gone() throws {
        let entrance = try Entrance()
        try entrance.receive(upgrade)

        entrance.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(!entrance.channel.isActive)
        entrance.accept()

        #expect(entrance.recorder.events.isEmpty)
        #expect(entrance.becameOther == 1)
    }

    @Test(
        "a request that is no proper upgrade makes the connection one of HTTP, and loses nothing",
        arguments: [
            ("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n", 2),
            ("GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n", 2),
            (RawWebSocket.request("/elsewhere"), 2),
            (RawWebSocket.request("/ws/"), 2),
            (RawWebSocket.request("/ws").replacing("GET", with: "PUT"), 2),
            (RawWebSocket.request("/ws").replacing("Version: 13", with: "Version: 12"), 2),
            (RawWebSocket.request("/ws").replacing("Upgrade: websocket", with: "Upgrade: h2c"), 2),
            (RawWebSocket.request("/ws").replacing("Connection: Upgrade", with: "Connection: keep-alive"), 2),
            (RawWebSocket.request("/ws").replacing("Sec-WebSocket-Key: ", with: "Sec-WebSocket-Key: AA"), 2),
            (RawWebSocket.request("/ws").replacing("Sec-WebSocket-Key: ", with: "X: "), 2),
            (RawWebSocket.request("/ws", RawWebSocket.upgradeHeaders + [("Content-Length", "2")]) + "{}", 3),
            (RawWebSocket.request("/ws").replacing("HTTP/1.1", with: "HTTP/1.0"), 2),
        ]
    )
    func ordinary(request: String, parts: Int) throws {
        let entrance = try Entrance()

        try entrance.receive(request)

        let passed = try entrance.passed()
        #expect(passed.count == parts)
        guard case .head = passed.first, case .end = passed.last else {
            Issue.record("\(passed)")
            return
        }
        #expect(entrance.door.requests.isEmpty)
        #expect((entrance.becameHTTP, entrance.becameOther) == (1, 0))
        // The gate is gone and its timers with it.
        entrance.pass(.hours(1))
        #expect(entrance.channel.isActive)
    }

    @Test("only the first request of a connection can upgrade it")
    func second() throws {
        let entrance = try Entrance()

        try entrance.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try entrance.receive(upgrade)

        #expect(try entrance.passed().count == 4)
        #expect(entrance.door.requests.isEmpty)
        #expect(entrance.becameHTTP == 1)
    }

    @Test("what is no HTTP is for HTTP's responder to answer")
    func noHTTP() throws {
        let entrance = try Entrance()

        #expect(throws: HTTPParserError.self) { try entrance.receive("\u{16}\u{3}\u{1} nonsense\r\n\r\n") }

        #expect(entrance.becameHTTP == 1)
    }

    @Test("a silent connection is closed after its time, and one with half a head after 10 s")
    func timers() throws {
        let silent = try Entrance()
        silent.pass(.milliseconds(119_999))
        #expect(silent.channel.isActive)
        silent.pass(.milliseconds(1))
        #expect(!silent.channel.isActive)
        #expect(silent.becameOther == 1)

        let slow = try Entrance()
        slow.pass(.seconds(60))
        try slow.receive("GET /ws HT")
        slow.pass(.seconds(6))
        try slow.receive("TP/1.1\r\n")
        slow.pass(.milliseconds(3999))
        #expect(slow.channel.isActive)
        slow.pass(.milliseconds(1))
        #expect(!slow.channel.isActive)
    }

    @Test("a server that stops closes who waits, and refuses who is being decided about")
    func quiescing() throws {
        let waiting = try Entrance()
        waiting.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(!waiting.channel.isActive)

        let deciding = try Entrance()
        try deciding.receive(upgrade)
        deciding.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(try deciding.sent().hasPrefix("HTTP/1.1 503 "))
        #expect(deciding.becameOther == 1)
    }
}

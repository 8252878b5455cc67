import NIOCore
import NIOHTTP1
import RostrumTesting
import Synchronization
import Testing
import WebSockets

/// Connections with sockets under them: what leaves past NIO's queue, what waits, and who harms whom.
@Suite(.timeLimit(.minutes(5))) struct SocketTests {
    private typealias Frame = RawWebSocket.Frame

    /// Sends frames of random sizes, one after the other, until it has sent so many bytes.
    private final class Fountain: WebSocketReceiver {
        private var connection: WebSocketConnection?
        private var clearSocket: DirectSocket?
        private var random: SeededGenerator
        private var count = 0
        private let most: Int
        private let onQueued: @Sendable () -> Void

        init(seed: UInt64, bytes: Int, onQueued: @escaping @Sendable () -> Void) {
            (random, most, self.onQueued) = (SeededGenerator(seed: seed), bytes, onQueued)
        }

        /// The payload at a place of the stream: bytes that no other place has in this order.
        static func payload(at start: Int, _ length: Int) -> [UInt8] {
            (start..<start + length).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) }
        }

        func opened(_ connection: WebSocketConnection) {
            (self.connection, clearSocket) = (connection, connection.clearSocket)
            flow()
        }
        func received(text: ByteBuffer) {}
        func received(binary: ByteBuffer) {}
        func drained() { flow() }
        func clearChanged() { clearSocket = connection?.clearSocket }
        func closed() { connection = nil }

        private func send(_ frame: ByteBuffer) -> WebSocketConnection.Sending? {
            // Sometimes as an answer, which is not refused; sometimes as those do who send to very many.
            switch (Int.random(in: 0..<4, using: &random), clearSocket) {
            case (0, _): return connection?.sendAlways(frame)
            case (1...2, let socket?):
                let sent = frame.withUnsafeReadableBytes(socket.send)
                return sent == frame.readableBytes ? .written : connection?.finish(frame, after: sent)
            default: return connection?.send(frame)
            }
        }

        private func flow() {
            while count < most {
                let length = Int.random(in: 1...Int.random(in: 1...40_000, using: &random), using: &random)
                switch send(WebSocketFrames.binary(Self.payload(at: count, length))) {
                case .written: count += length
                case .queued:
                    count += length
                    onQueued()
                    // Sometimes more before it is drained.
                    if Bool.random(using: &random) { return }
                case .refused, nil: return
                }
            }
            connection?.close(.normal)
        }
    }

    @Test("a slow reader gets every byte in order", arguments: 0..<8)
    func slowReader(seed: Int) async throws {
        let bytes = 4 << 20
        let queued = Atomic(0)
        let door = TestListener.Door.accepting {
            Fountain(seed: UInt64(seed), bytes: bytes) { queued.add(1, ordering: .relaxed) }
        }
        try await TestListener.with(["/": door]) { listener in
            var random = SeededGenerator(seed: UInt64(seed) + 77)
            let socket = try await RawWebSocket(port: listener.port, "/", receiveBuffer: 32_768)
            // Otherwise nothing of this would be about slow readers.
            try await waitUntil("the server has to wait for its reader") { queued.load(ordering: .relaxed) > 0 }
            var count = 0
            while true {
                if Int.random(in: 0..<12, using: &random) == 0 {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 1...15, using: &random)))
                }
                let frame = try await socket.next()
                if frame.opcode == 8 { break }
                try #require(
                    frame.payload == Fountain.payload(at: count, frame.payload.count),
                    "seed \(seed), at byte \(count)"
                )
                count += frame.payload.count
            }
            #expect(count >= bytes)
            try await socket.send(.close(1000))
            #expect(try await socket.connection.readUntilClosed() == [])
        }
    }

    @Test("an accepted upgrade carries messages both ways, and ends when the peer says so")
    func echo() async throws {
        try await TestListener.with(["/echo": .accepting { TestListener.Echo() }]) { listener in
            let socket = try await RawWebSocket(port: listener.port, "/echo")
            for count in [0, 1, 125, 126, 65_535, 65_536] {
                let message = Frame.binary([UInt8](repeating: 7, count: count))
                try await socket.send(message)
                #expect(try await socket.next() == message)
            }
            try await socket.send(.text("频道"))
            #expect(try await socket.next() == .text("频道"))

            try await socket.send(.close(4000, "done"))
            #expect(try await socket.next() == .close(4000))
            #expect(try await socket.connection.readUntilClosed() == [])
        }
    }

    @Test("a refusal arrives whole, also when the peer sent frames before it, and the connection ends")
    func refused() async throws {
        let door = TestListener.Door { _ in
            .refuse(status: .unauthorized, headers: ["content-type": "application/json"], body: Array(#"{"a":1}"#.utf8))
        }
        try await TestListener.with(["/": door]) { listener in
            let connection = try await RawConnection.open(port: listener.port)
            try await connection.send(Array(RawWebSocket.request("/").utf8) + Frame.text("too early").bytes())

            let reply = try await connection.readReply()

            #expect((reply.status, reply.text, reply["connection"]) == (401, #"{"a":1}"#, "close"))
            #expect(try await connection.readUntilClosed() == [])
            await connection.finishSending()
            try await waitUntil("the listener has closed it") { listener.openConnections == 0 }
        }
    }

    @Test("an upgrade that is accepted and closed shows the code and the reason")
    func acceptedAndClosed() async throws {
        let door = TestListener.Door { _ in
            .acceptAndClose(subprotocol: "v1", code: WebSocketCloseCode(rawValue: 4401), reason: "who are you?")
        }
        try await TestListener.with(["/": door]) { listener in
            let socket = try await RawWebSocket(port: listener.port, "/", headers: [("Sec-WebSocket-Protocol", "v1")])

            #expect(socket.reply["sec-websocket-protocol"] == "v1")
            #expect(try await socket.next() == .close(4401, "who are you?"))
            try await socket.send(.close(4401))
            #expect(try await socket.connection.readUntilClosed() == [])
        }
    }

    @Test("a server that stops says 1001 to everybody and is done with them in two seconds")
    func quiescing() async throws {
        try await TestListener.with(["/": .accepting { TestListener.Echo() }]) { listener in
            var sockets: [RawWebSocket] = []
            for _ in 0..<20 { sockets.append(try await RawWebSocket(port: listener.port, "/")) }

            listener.quiesce()

            for (index, socket) in sockets.enumerated() {
                #expect(try await socket.next() == .close(1001))
                // Every other one does not answer.
                if index % 2 == 0 { try await socket.send(.close(1001)) }
            }
            try await waitUntil("no connection is left", within: .seconds(5)) { listener.openConnections == 0 }
        }
    }

    /// What a hostile client sends after its upgrade, and the code it is closed with; nil when it is to be left alone.
    static let attacks: [(name: String, bytes: [UInt8], code: UInt16?)] = [
        ("1 MiB in one frame", Frame.binary([UInt8](repeating: 0, count: 1 << 20)).bytes(), 1009),
        (
            "fragments without an end",
            Frame.text("", isFinal: false).bytes()
                + Array([[UInt8]](repeating: Frame.more([0x61], isFinal: false).bytes(), count: 70_000).joined()), 1009
        ),
        ("no mask", Frame.text("hello").bytes(isMasked: false), 1002),
        ("text that is no UTF-8", Frame(1, [0xFF]).bytes(), 1007),
        ("HTTP again", Array(RawWebSocket.request("/").utf8), 1002),
        ("zeros", [UInt8](repeating: 0, count: 100_000), 1002),
        ("10,000 pings", Array([[UInt8]](repeating: Frame.ping([1]).bytes(), count: 10_000).joined()), nil),
        ("half a frame", Array(Frame.text("hello").bytes().dropLast()), nil),
    ]

    @Test("hostile clients are closed with the right code, and harm nobody else", arguments: attacks.indices)
    func attack(index: Int) async throws {
        let (name, bytes, code) = Self.attacks[index]
        try await TestListener.with(["/": .accepting { TestListener.Echo() }]) { listener in
            let bystander = try await RawWebSocket(port: listener.port, "/")
            let attacker = try await RawWebSocket(port: listener.port, "/")

            // Closed meanwhile, it may not get rid of everything.
            try? await attacker.connection.send(bytes)

            if let code {
                var frame = try await attacker.next()
                while frame.opcode != 8 { frame = try await attacker.next() }
                #expect(frame.closeCode == code, "\(name)")
                await attacker.connection.finishSending()
                _ = try await attacker.connection.readUntilClosed(within: .seconds(5))
            }
            try await bystander.send(.text("still here"))
            #expect(try await bystander.next(within: .seconds(2)) == .text("still here"))
        }
    }

    @Test("a peer that never reads holds a bounded amount, and is cut when it is closed")
    func neverReads() async throws {
        let most = Atomic(0)
        let refusals = Atomic(0)
        final class Flood: WebSocketReceiver {
            let note: @Sendable (_ waiting: Int, _ isRefused: Bool) -> Void
            init(_ note: @escaping @Sendable (Int, Bool) -> Void) { self.note = note }
            func opened(_ connection: WebSocketConnection) {
                let frame = WebSocketFrames.binary([UInt8](repeating: 1, count: 1000))
                for _ in 0..<20_000 {
                    let sending = connection.send(frame)
                    note(connection.waitingBytes, sending == .refused)
                }
                connection.close(WebSocketCloseCode(rawValue: 4429))
            }
            func received(text: ByteBuffer) {}
            func received(binary: ByteBuffer) {}
            func drained() {}
            func closed() {}
        }
        let door = TestListener.Door.accepting {
            Flood { waiting, isRefused in
                most.max(waiting, ordering: .relaxed)
                if isRefused { refusals.add(1, ordering: .relaxed) }
            }
        }
        try await TestListener.with(["/": door]) { listener in
            let connection = try await RawConnection.open(port: listener.port)
            try await connection.send(RawWebSocket.request("/"))

            try await waitUntil("it was cut") {
                refusals.load(ordering: .relaxed) > 0 && listener.openConnections == 0
            }

            #expect(most.load(ordering: .relaxed) <= WebSocketConnection.mostWaiting + 1004)
        }
    }

    /// Sends so many bytes, and again whenever it is told to, and looks after its connection every 10 ms.
    private final class Attentive: WebSocketReceiver {
        struct Look {
            var lastHeard = NIODeadline.uptimeNanoseconds(0)
            var waitingBytes = 0
            /// How often nothing more had been heard.
            var quietTicks = 0
        }

        private let bytes: Int
        /// By how much the time at which it looks is ahead of the clock.
        private let ahead: TimeAmount
        private let note: @Sendable (NIODeadline, Int) -> Void
        private var connection: WebSocketConnection?
        private var isOver = false

        init(bytes: Int, ahead: TimeAmount, _ note: @escaping @Sendable (NIODeadline, Int) -> Void) {
            (self.bytes, self.ahead, self.note) = (bytes, ahead, note)
        }

        /// A door to it, and what it sees.
        static func door(
            bytes: Int = 1 << 20,
            ahead: TimeAmount = .zero
        ) -> (TestListener.Door, look: @Sendable () -> Look) {
            let look = Mutex(Look())
            let door = TestListener.Door.accepting {
                Attentive(bytes: bytes, ahead: ahead) { lastHeard, waitingBytes in
                    look.withLock { look in
                        look.quietTicks = lastHeard == look.lastHeard ? look.quietTicks + 1 : 0
                        (look.lastHeard, look.waitingBytes) = (lastHeard, waitingBytes)
                    }
                }
            }
            return (door, { look.withLock { $0 } })
        }

        func opened(_ connection: WebSocketConnection) {
            self.connection = connection
            send()
            tickLater(connection)
        }

        private func send() {
            _ = connection?.sendAlways(WebSocketFrames.binary([UInt8](repeating: 7, count: bytes)))
        }

        func received(text: ByteBuffer) { send() }
        func received(binary: ByteBuffer) {}
        func drained() {}
        func closed() {
            isOver = true
            connection = nil
        }

        private func tickLater(_ connection: WebSocketConnection) {
            _ = connection.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(10)) {
                guard !self.isOver else { return }
                connection.tick(now: .now() + self.ahead)
                self.note(connection.lastHeard, connection.waitingBytes)
                self.tickLater(connection)
            }
        }
    }

    @Test("a peer that reads less than a part of what waits is heard, and one that reads nothing is not")
    func slowest() async throws {
        let (door, look) = Attentive.door()
        try await TestListener.with(["/": door]) { listener in
            let socket = try await RawWebSocket(port: listener.port, "/", receiveBuffer: 1)
            try await waitUntil("nothing is heard") { look().quietTicks >= 20 }
            let first = look()
            // Less than it has to read, and no more is taken by its kernel, whose smallest buffer it has; but more than may
            // have come with the answer to the upgrade, and was acknowledged then.
            _ = try await socket.connection.read(1500)
            try await waitUntil("it was looked at") { look().quietTicks >= first.quietTicks + 20 }
            #expect(look().lastHeard == first.lastHeard)

            for _ in 0..<2 {
                try await waitUntil("nothing more is heard") { look().quietTicks >= 20 }
                let before = look()
                try #require(before.waitingBytes > 0)

                // More than the kernel had for the connection, of which a part may have been read before.
                _ = try await socket.connection.read(12_000)

                try await waitUntil("it is heard") { look().lastHeard > before.lastHeard }
                // Otherwise something else would have told.
                #expect(look().waitingBytes == before.waitingBytes)
            }
            await socket.connection.abort()
        }
    }

    @Test("a peer that is slow to read what the kernel keeps for it is heard, after a while of silence")
    func slowestOfTheLast() async throws {
        let (door, look) = Attentive.door(bytes: 40_000, ahead: WebSocketConnection.longestUnread + .seconds(1))
        try await TestListener.with(["/": door]) { listener in
            let socket = try await RawWebSocket(port: listener.port, "/", receiveBuffer: 1)
            // Its kernel takes less than what counts.
            try await waitUntil("nothing is heard") { look().quietTicks >= 20 }
            let before = look()
            try #require(before.waitingBytes == 0)

            _ = try await socket.connection.read(20_000)

            try await waitUntil("it is heard") { look().lastHeard > before.lastHeard }
            await socket.connection.abort()
        }
    }

    @Test("what a peer has read long ago does not count for what waits now")
    func readLongAgo() async throws {
        // What a look takes for a sign of life is a minute ahead of the clock, unlike what the peer sends.
        let (door, look) = Attentive.door(ahead: .minutes(1))
        try await TestListener.with(["/": door]) { listener in
            let socket = try await RawWebSocket(port: listener.port, "/", receiveBuffer: 2048)
            _ = try await socket.connection.read((1 << 20) + 10)
            try await waitUntil("all is read") { look().waitingBytes == 0 && look().quietTicks >= 20 }
            #expect(look().lastHeard > .now())

            try await socket.send(.text("more"))

            try await waitUntil("something waits") { look().waitingBytes > 0 && look().quietTicks >= 20 }
            #expect(look().lastHeard < .now())
            await socket.connection.abort()
        }
    }

    @Test("200 sockets at once get their messages")
    func manySockets() async throws {
        try await TestListener.with(["/": .accepting { TestListener.Echo() }]) { listener in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let socket = try await RawWebSocket(port: listener.port, "/")
                        try await socket.send(.text("\(number)"))
                        #expect(try await socket.next() == .text("\(number)"))
                        try await socket.send(.close(1000))
                        #expect(try await socket.next().closeCode == 1000)
                    }
                }
                try await group.waitForAll()
            }
            try await waitUntil("no connection is left") { listener.openConnections == 0 }
        }
    }

    @Test("a peer that resets its connection is gone, whatever was being sent")
    func reset() async throws {
        let door = TestListener.Door.accepting { Fountain(seed: 1, bytes: 64 << 20) {} }
        try await TestListener.with(["/": door]) { listener in
            let socket = try await RawWebSocket(port: listener.port, "/")
            _ = try await socket.next()

            await socket.connection.abort()

            try await waitUntil("the listener has noticed") { listener.openConnections == 0 }
        }
    }
}

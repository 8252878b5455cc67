import NIOCore
import NIOEmbedded
import RostrumTesting
import Testing
import WebSockets

/// What a connection does with the frames of a peer, right or wrong (RFC 6455 sections 5 to 7).
@Suite struct ConnectionProtocolTests {
    private typealias Frame = RawWebSocket.Frame

    @Test("a message in one frame arrives as it was sent", arguments: [0, 1, 125, 126, 1000, 65_535, 65_536])
    func wholeMessage(count: Int) throws {
        let socket = try EmbeddedSocket()
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let text = String(repeating: "é", count: count / 2)

        try socket.receive(.binary(bytes))
        try socket.receive(.text(text))

        #expect(socket.events == [.binary(bytes), .text(text)])
        #expect(try socket.sent().isEmpty)
    }

    @Test("fragments make one message, and control frames may stand between them")
    func fragments() throws {
        let socket = try EmbeddedSocket()

        try socket.receive(.text("频".first.map(String.init) ?? "", isFinal: false))
        try socket.receive(.ping([7]))
        try socket.receive(.more([0xE9, 0xA2], isFinal: false))
        try socket.receive(.more([], isFinal: false))
        try socket.receive(.pong())
        try socket.receive(.more([0x91]))

        #expect(socket.events == [.text("频频")])
        #expect(try socket.sent() == [.pong([7])])
    }

    /// Bytes that break the protocol, and the code they are answered with.
    static let violations: [(name: String, bytes: [UInt8], code: UInt16)] = {
        func reserved(_ bits: UInt8, _ frame: Frame) -> Frame {
            var frame = frame
            frame.reserved = bits
            return frame
        }
        let half = Frame.text("half", isFinal: false).bytes()
        return [
            ("no mask", Frame.text("hello").bytes(isMasked: false), 1002),
            ("an unmasked ping", Frame.ping().bytes(isMasked: false), 1002),
            ("RSV1", reserved(0x40, .text("x")).bytes(), 1002),
            ("RSV2 on a ping", reserved(0x20, .ping()).bytes(), 1002),
            ("RSV3 on a continuation", half + reserved(0x10, .more([])).bytes(), 1002),
            ("opcode 3", Frame(3).bytes(), 1002),
            ("opcode 7", Frame(7).bytes(), 1002),
            ("opcode 11", Frame(11).bytes(), 1002),
            ("opcode 15 within a message", half + Frame(15).bytes(), 1002),
            ("a ping in fragments", Frame(9, [1], isFinal: false).bytes(), 1002),
            ("a close in fragments", Frame(8, [3, 232], isFinal: false).bytes(), 1002),
            ("a ping of 126 bytes", Frame.ping([UInt8](repeating: 1, count: 126)).bytes(), 1002),
            ("a pong that announces 64 KiB", Frame.pong().bytes(announcing: 65_536), 1002),
            ("nothing to continue", Frame.more([1]).bytes(), 1002),
            ("a new message within one", half + Frame.text("other").bytes(), 1002),
            ("a close of one byte", Frame(8, [3]).bytes(), 1002),
            ("a reason that is no UTF-8", Frame(8, [3, 232, 0xFF]).bytes(), 1007),
            ("a reason that ends within a character", Frame(8, [3, 232, 0xE9, 0xA2]).bytes(), 1007),
            ("a message of 64 KiB and one byte", Frame.text("").bytes(announcing: 65_537), 1009),
            ("1 MiB", Frame.binary([]).bytes(announcing: 1 << 20), 1009),
            ("2^63 bytes", Frame.binary([]).bytes(announcing: 1 << 63), 1009),
            ("all the bytes there are", Frame.binary([]).bytes(announcing: .max), 1009),
            (
                "fragments that are too long together",
                Frame.binary([UInt8](repeating: 1, count: 65_000), isFinal: false).bytes()
                    + Frame.more([]).bytes(announcing: 537), 1009
            ),
            (
                "fragments without an end",
                half + [[UInt8]](repeating: Frame.more([], isFinal: false).bytes(), count: 1024).joined(), 1009
            ),
            ("text that is no UTF-8", Frame(1, [0x61, 0xC0, 0x80]).bytes(), 1007),
            ("a surrogate", Frame(1, [0xED, 0xA0, 0x80]).bytes(), 1007),
            ("beyond U+10FFFF", Frame(1, [0xF4, 0x90, 0x80, 0x80]).bytes(), 1007),
            ("text that ends within a character", Frame(1, [0xE9, 0xA2]).bytes(), 1007),
            (
                "text that breaks over fragments",
                Frame(1, [0xE9], isFinal: false).bytes() + Frame.more([0x61], isFinal: false).bytes(), 1007
            ),
        ]
            + [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map { code in
                ("a close with \(code)", Frame.close(code).bytes(), 1002)
            }
    }()

    @Test("whoever breaks the protocol is told so and closed", arguments: violations.indices, [false, true])
    func violation(index: Int, isByteByByte: Bool) throws {
        let (name, bytes, code) = Self.violations[index]
        let socket = try EmbeddedSocket()

        if isByteByByte {
            for byte in bytes where socket.channel.isActive { try socket.receive([byte]) }
        } else {
            try socket.receive(bytes + Frame.text("what follows is not looked at").bytes())
        }

        let sent = try socket.sent()
        #expect(sent.map(\.closeCode) == [code], "\(name)")
        #expect(socket.events == [.closed], "\(name)")
        #expect(!socket.channel.isActive, "\(name)")
        #expect(!socket.connection.isOpen, "\(name)")
    }

    @Test("wrong text is found out before its frame has come to its end")
    func failsFast() throws {
        let socket = try EmbeddedSocket()
        let bytes = Frame(1, Array("0123456789".utf8) + [0xFF] + [UInt8](repeating: 0x61, count: 1000)).bytes()

        try socket.receive(Array(bytes.prefix(18)))
        #expect(try socket.sent().isEmpty)
        try socket.receive([bytes[18]])

        #expect(try socket.sent().map(\.closeCode) == [1007])
    }

    @Test("a close is answered with its own code", arguments: [1000, 1001, 1003, 1007, 1014, 3000, 3999, 4000, 4999])
    func close(code: UInt16) throws {
        let socket = try EmbeddedSocket()

        try socket.receive(.close(code, "goodbye"))

        #expect(try socket.sent() == [.close(code)])
        #expect(socket.events == [.closed])
    }

    @Test("a close without a code is answered without one")
    func emptyClose() throws {
        let socket = try EmbeddedSocket()

        try socket.receive(Frame(8))

        #expect(try socket.sent() == [Frame(8)])
        #expect(socket.events == [.closed])
    }

    /// Random bytes of kinds that lie close to UTF-8 and beside it.
    private func randomText(_ random: inout some RandomNumberGenerator) -> [UInt8] {
        let edges: [UInt8] = [
            0x00, 0x61, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5,
        ]
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            if Int.random(in: 0..<8, using: &random) == 0 {
                bytes.append(edges[Int.random(in: 0..<edges.count, using: &random)])
            } else if let scalar = Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &random)) {
                bytes += Array(String(scalar).utf8)
            } else {
                bytes += Array("plain text".utf8)
            }
        }
        return bytes
    }

    @Test("text is let through exactly when it is UTF-8, however it is cut", arguments: 0..<200)
    func utf8(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let payload = randomText(&random)
        let cut = Int.random(in: 0...payload.count, using: &random)
        let bytes =
            Frame(1, Array(payload[..<cut]), isFinal: false).bytes() + Frame.more(Array(payload[cut...])).bytes()
        let socket = try EmbeddedSocket()

        try receive(bytes, on: socket, cutBy: &random)

        if let text = String(validating: payload, as: UTF8.self) {
            #expect(socket.events == [.text(text)], "\(payload)")
        } else {
            #expect(try socket.sent().map(\.closeCode) == [1007], "\(payload)")
        }
    }

    @Test("messages arrive whole and in order, however they are fragmented and cut", arguments: 0..<50)
    func messages(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) &+ 1000)
        var bytes: [UInt8] = []
        var expected: [EmbeddedSocket.Event] = []
        var pings: [Frame] = []
        for number in 0..<Int.random(in: 1...12, using: &random) {
            let payload = (0..<Int.random(in: 0...600, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            expected.append(.binary(payload))
            var rest = payload[...]
            var opcode: UInt8 = 2
            repeat {
                let part = rest.prefix(Int.random(in: 0...200, using: &random))
                rest = rest.dropFirst(part.count)
                bytes += Frame(opcode, Array(part), isFinal: rest.isEmpty).bytes()
                opcode = 0
                if !rest.isEmpty, Bool.random(using: &random) {
                    bytes += Frame.ping([UInt8(number)]).bytes()
                    pings.append(.pong([UInt8(number)]))
                }
            } while !rest.isEmpty
        }
        let socket = try EmbeddedSocket()

        try receive(bytes, on: socket, cutBy: &random)

        #expect(socket.events == expected)
        #expect(socket.connection.isOpen)
        // Of many pings in one read only the last one need be answered.
        let pongs = try socket.sent()
        #expect(pongs.last == pings.last)
        #expect(pongs.allSatisfy(pings.contains))
    }

    @Test("no bytes whatever do harm", arguments: 0..<200)
    func noise(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) &+ 5000)
        let socket = try EmbeddedSocket()
        var bytes = (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
        // Half of them begin as a frame must, so that they come further.
        if seed % 2 == 0 { bytes = [0x82, 0x80 | UInt8.random(in: 0...127, using: &random)] + bytes }

        try receive(bytes, on: socket, cutBy: &random)

        let closes = try socket.sent().filter { $0.opcode == 8 }
        #expect(closes.count <= 1)
        #expect(socket.connection.isOpen == closes.isEmpty)
    }

    private func receive(_ bytes: [UInt8], on socket: EmbeddedSocket, cutBy random: inout SeededGenerator) throws {
        var rest = bytes[...]
        while !rest.isEmpty, socket.channel.isActive {
            let part = rest.prefix(Int.random(in: 1...300, using: &random))
            rest = rest.dropFirst(part.count)
            try socket.receive(Array(part))
        }
    }
}

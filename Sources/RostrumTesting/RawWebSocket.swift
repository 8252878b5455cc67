/// A client of WebSocket that sends any frames, right and wrong ones.
package struct RawWebSocket: Sendable {
    /// A frame as it stands on the wire (RFC 6455 section 5.2).
    package struct Frame: Equatable, Sendable {
        package var opcode: UInt8
        package var payload: [UInt8]
        package var isFinal: Bool
        /// The bits that extensions may use, as the three highest but one of the first byte.
        package var reserved: UInt8 = 0

        package init(_ opcode: UInt8, _ payload: [UInt8] = [], isFinal: Bool = true) {
            (self.opcode, self.payload, self.isFinal) = (opcode, payload, isFinal)
        }

        package static func text(_ text: String, isFinal: Bool = true) -> Self {
            Self(1, Array(text.utf8), isFinal: isFinal)
        }

        package static func binary(_ bytes: [UInt8], isFinal: Bool = true) -> Self { Self(2, bytes, isFinal: isFinal) }
        package static func more(_ bytes: [UInt8], isFinal: Bool = true) -> Self { Self(0, bytes, isFinal: isFinal) }
        package static func close(_ code: UInt16, _ reason: String = "") -> Self {
            Self(8, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8))
        }
        package static func ping(_ payload: [UInt8] = []) -> Self { Self(9, payload) }
        package static func pong(_ payload: [UInt8] = []) -> Self { Self(10, payload) }

        package var text: String { String(decoding: payload, as: UTF8.self) }
        package var closeCode: UInt16? {
            opcode == 8 && payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : nil
        }
        package var closeReason: String { String(decoding: payload.dropFirst(2), as: UTF8.self) }

        /// The bytes of the frame.
        ///
        /// - Parameters:
        ///   - isMasked: a client's frames are, a server's are not.
        ///   - length: what the header says instead of the payload's true length.
        package func bytes(isMasked: Bool = true, announcing length: UInt64? = nil) -> [UInt8] {
            let length = length ?? UInt64(payload.count)
            var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | reserved | opcode]
            let bit: UInt8 = isMasked ? 0x80 : 0
            let big = (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(56 - 8 * $0)) }
            if length < 126 {
                bytes.append(bit | UInt8(length))
            } else if length < 65_536 {
                bytes += [bit | 126] + big[6...]
            } else {
                bytes += [bit | 127] + big
            }
            guard isMasked else { return bytes + payload }
            let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
            return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
        }
    }

    /// The upgrade was answered with something else than 101.
    package struct Refused: Error {
        package let reply: HTTPReply
    }

    package let connection: RawConnection
    /// The answer to the upgrade.
    package let reply: HTTPReply

    /// The headers with which RFC 6455 section 1.3 asks for an upgrade.
    package static let upgradeHeaders = [
        ("Host", "127.0.0.1"), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]

    /// The bytes of a request to upgrade.
    package static func request(_ target: String, _ headers: [(String, String)] = upgradeHeaders) -> String {
        "GET \(target) HTTP/1.1\r\n" + headers.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
    }

    /// Connects to 127.0.0.1 and upgrades.
    ///
    /// - Parameters:
    ///   - headers: besides ``upgradeHeaders``.
    ///   - receiveBuffer: how many bytes the kernel keeps of what is not read; nil for the system's own size.
    /// - Throws: ``Refused`` with the answer when the server does not want to.
    package init(
        port: Int,
        _ target: String,
        headers: [(String, String)] = [],
        receiveBuffer: Int? = nil
    ) async throws {
        connection = try await RawConnection.open(port: port, receiveBuffer: receiveBuffer)
        try await connection.send(Self.request(target, Self.upgradeHeaders + headers))
        reply = try await connection.readReply()
        guard reply.status == 101 else { throw Refused(reply: reply) }
    }

    package func send(_ frame: Frame) async throws {
        try await connection.send(frame.bytes())
    }

    /// The next frame that the server sends.
    package func next(within limit: Duration = .seconds(40)) async throws -> Frame {
        let head = try await connection.read(2, within: limit)
        var length = Int(head[1])
        if length >= 126 {
            let bytes = try await connection.read(length == 126 ? 2 : 8, within: limit)
            length = bytes.reduce(0) { $0 << 8 | Int($1) }
        }
        var frame = Frame(
            head[0] & 0x0F,
            try await connection.read(length, within: limit),
            isFinal: head[0] & 0x80 != 0
        )
        frame.reserved = head[0] & 0x70
        return frame
    }
}

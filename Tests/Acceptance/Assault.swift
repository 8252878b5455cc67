import CZlib
import RostrumTesting

/// Something hostile to send, and what shall come of it.
struct Assault: Sendable {
    enum Outcome: Sendable, Equatable {
        /// A status of 400 or more, or nothing, and the end of the connection.
        case cut
        /// HTTP 200 with this code; the connection may live or die.
        case code(Int)
        /// HTTP 200 with any code but 0.
        case refused
        /// As `refused`, then as `cut`.
        case refusedThenCut
    }

    let name: String
    let bytes: [UInt8]
    /// Whether the sender says that nothing follows.
    var finishes = false
    let outcome: Outcome

    /// Carries it out on a connection of its own.
    ///
    /// - Returns: nil when what came of it is right, else what came of it.
    func run(on server: ServerProcess) async throws -> String? {
        let connection = try await server.connect()
        // A server that has heard enough stops listening while there is more to send.
        try? await connection.send(bytes)
        if finishes { await connection.finishSending() }
        switch outcome {
        case .cut:
            let answer = String(decoding: try await connection.readUntilClosed(), as: UTF8.self)
            return answer.isEmpty || answer.hasPrefix("HTTP/1.1 4") ? nil : answer
        case .code(let code): return try await code == answer(connection) ? nil : "not \(code)"
        case .refused: return try await answer(connection) != 0 ? nil : "accepted"
        case .refusedThenCut:
            guard try await answer(connection) != 0 else { return "accepted" }
            let rest = String(decoding: try await connection.readUntilClosed(), as: UTF8.self)
            return rest.isEmpty || rest.hasPrefix("HTTP/1.1 4") ? nil : rest
        }
    }

    private func answer(_ connection: RawConnection) async throws -> Int? {
        try await connection.readReply().decoded(as: CallReply.self).ErrorCode
    }

    /// Everything, by name.
    static let all: [Assault] = {
        let target = Signatory.emulator.target(Command.check)
        let body = Command.checkBody
        func post(_ headers: [(String, String)], _ body: String = body, to target: String = target) -> [UInt8] {
            httpRequest("POST", target, headers: headers, body: body)
        }
        func signed(_ token: String) -> [UInt8] {
            // Not an admin's name: failed signatures lock out who makes them.
            post([], to: "/v4/\(Command.check)?sdkappid=88888888&identifier=bomber&usersig=\(token)&random=1")
        }
        let chunk = "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
        let letters = String(repeating: "a", count: 100_000)
        let long = String(repeating: "x", count: 2 << 20)
        let chunked = [("Transfer-Encoding", "chunked")]
        return [
            Assault(
                name: "10,000 headers",
                bytes: post((0..<10_000).map { ("X-\($0)", "y") }),
                outcome: .cut
            ),
            Assault(name: "a header of 100 KB", bytes: post([("X", letters)]), outcome: .cut),
            Assault(name: "a URL of 100 KB", bytes: post([], to: target + "&x=" + letters), outcome: .cut),
            Assault(name: "garbage", bytes: SeededRandom(seed: 7).bytes(4000), outcome: .cut),
            Assault(
                name: "a TLS hello",
                bytes: [0x16, 3, 1, 0, 0xA5, 1, 0, 0, 0xA1, 3, 3] + SeededRandom(seed: 8).bytes(159),
                outcome: .cut
            ),
            Assault(
                name: "NUL in the path",
                bytes: post([], to: "/v4/im_open\0_login_svc/account_check"),
                outcome: .cut
            ),
            Assault(name: "NUL in the query", bytes: post([], to: target + "\0"), outcome: .cut),
            Assault(name: "an escaped NUL in the path", bytes: post([], to: "/v4/x%00y"), outcome: .refused),
            Assault(name: "half an escape", bytes: post([], to: target + "%"), outcome: .code(60002)),
            Assault(name: "an escape of no digits", bytes: post([], to: target + "%zz"), outcome: .code(60002)),
            Assault(name: "a negative length", bytes: post([("Content-Length", "-5")]), outcome: .cut),
            Assault(
                name: "a length beyond every integer",
                bytes: post([("Content-Length", "99999999999999999999999999")]),
                outcome: .cut
            ),
            Assault(name: "10 GB announced", bytes: post([("Content-Length", "9999999999")]), outcome: .code(60002)),
            Assault(
                name: "two lengths",
                bytes: post([("Content-Length", "\(body.utf8.count)"), ("Content-Length", "3")]),
                outcome: .cut
            ),
            Assault(
                name: "a length and chunks",
                bytes: post([("Content-Length", "\(body.utf8.count)")] + chunked, chunk),
                outcome: .cut
            ),
            Assault(
                name: "more announced than sent",
                bytes: post([("Content-Length", "100")]),
                finishes: true,
                outcome: .refusedThenCut
            ),
            Assault(
                name: "less announced than sent",
                bytes: post([("Content-Length", "2")], "{}" + body),
                outcome: .refusedThenCut
            ),
            Assault(name: "a body of 2 MiB", bytes: post([], long), outcome: .code(60002)),
            Assault(
                name: "a body of 2 MiB in a chunk",
                bytes: post(chunked, "200000\r\n\(long)\r\n0\r\n\r\n"),
                outcome: .code(60002)
            ),
            Assault(
                name: "a chunk beyond every integer",
                bytes: post(chunked, "fffffffffffffffff\r\n"),
                outcome: .refusedThenCut
            ),
            Assault(
                name: "a million brackets",
                bytes: post([], String(repeating: "[", count: 1_000_000)),
                outcome: .refused
            ),
            Assault(name: "a token that inflates to 5 MiB", bytes: signed(bomb(mebibytes: 5)), outcome: .refused),
            Assault(name: "a token that inflates to 40 MiB", bytes: signed(bomb(mebibytes: 40)), outcome: .refused),
            Assault(name: "a token that inflates to 1 GiB", bytes: signed(bomb(mebibytes: 1024)), outcome: .cut),
        ]
    }()

    /// A token of zeros.
    ///
    /// Behind a full flush a deflated block stands for itself, so one mebibyte is deflated and its block repeated.
    private static func bomb(mebibytes: Int) -> String {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        var stream = z_stream()
        guard deflateInit2_(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION, zStreamSize) == Z_OK
        else { return "" }
        defer { deflateEnd(&stream) }
        var input = zeros
        let block = [UInt8](unsafeUninitializedCapacity: 65_536) { output, count in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                deflate(&stream, Z_FULL_FLUSH)
            }
            count = Int(stream.total_out)
        }
        let remainder = UInt32(((mebibytes << 20) % 65_521) << 16 | 1)
        let checksum = (0..<4).map { UInt8(truncatingIfNeeded: remainder >> UInt32(24 - 8 * $0)) }
        let bytes = [0x78, 0xDA] + Array(repeatElement(block, count: mebibytes).joined()) + [1, 0, 0, 0xFF, 0xFF]
        return base64(bytes + checksum)
    }

    private static let zStreamSize = Int32(MemoryLayout<z_stream>.size)

    /// In the alphabet of tokens.
    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let three = (0..<3).map { start + $0 < bytes.count ? UInt32(bytes[start + $0]) : 0 }
            let bits = three[0] << 16 | three[1] << 8 | three[2]
            let present = min(3, bytes.count - start)
            for place in 0..<4 {
                let digit = alphabet[Int(bits >> UInt32(18 - 6 * place) & 63)]
                text.append(place <= present ? digit : UInt8(ascii: "_"))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

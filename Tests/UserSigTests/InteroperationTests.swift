import Foundation
import Testing
import UserSig

/// Tokens made here and by Tencent's own generator, `tls-sig-api-v2` 1.1 on PyPI, are one another's.
///
/// Runs where `ROSTRUM_PYTHON`, or else `.build/venv/bin/python`, is a Python that has the package.
@Suite(.enabled(if: Python.isInstalled, "no Python at \(Python.path): see ROSTRUM_PYTHON"))
struct InteroperationTests {
    private static let identifiers = ["administrator", "reader_01", "公众号 \"\\/", "caf\u{E9}\u{1F511}"]

    @Test("a token of Tencent's generator is accepted", arguments: identifiers)
    func theirs(identifier: String) throws {
        let token = try Python.run(
            "print(api.gen_sig(sys.argv[3], 86400))",
            ["\(Vector.sdkAppID)", Vector.key, identifier]
        )

        let userSig = try UserSig(decoding: token)

        #expect(userSig.lifetime == 86_400)
        #expect(userSig.userBuffer == nil)
        #expect(try Vector.verify(token, identifier: identifier, now: userSig.issuedAt) == 0)
    }

    @Test(
        "a token of Tencent's generator with userbuf is accepted",
        arguments: ["", "00", "7b2273636f7065223a31327d", "fffefd"]
    )
    func theirsWithUserBuffer(hexadecimal: String) throws {
        let token = try Python.run(
            "print(api.gen_sig_with_userbuf('reader_01', 60, bytes.fromhex(sys.argv[3])))",
            ["\(Vector.sdkAppID)", Vector.key, hexadecimal]
        )

        let userSig = try UserSig(decoding: token)

        #expect(userSig.userBuffer?.map { String(format: "%02x", $0) }.joined() == hexadecimal)
        #expect(try Vector.verify(token, identifier: "reader_01", now: userSig.issuedAt) == 0)
    }

    @Test(
        "a token made here has the signature Tencent's generator computes",
        arguments: identifiers,
        [nil, [], [1, 2, 255]]
    )
    func ours(identifier: String, userBuffer: [UInt8]?) throws {
        let token = UserSig.token(
            sdkAppID: Vector.sdkAppID,
            identifier: identifier,
            key: Vector.key,
            issuedAt: Vector.issuedAt,
            lifetime: 604_800,
            userBuffer: userBuffer
        )

        let answer = try Python.run(
            """
            document = json.loads(zlib.decompress(TLSSigAPIv2.base64_decode_url(sys.argv[3].encode())))
            signature = api._TLSSigAPIv2__hmacsha256(
                document["TLS.identifier"], document["TLS.time"], document["TLS.expire"], document.get("TLS.userbuf"))
            print(signature.decode() == document["TLS.sig"], document["TLS.ver"], document["TLS.sdkappid"],
                document["TLS.time"], document["TLS.expire"], document.get("TLS.userbuf"), document["TLS.identifier"])
            """,
            ["\(Vector.sdkAppID)", Vector.key, token]
        )

        let buffer = userBuffer.map { Data($0).base64EncodedString() } ?? "None"
        #expect(answer == "True 2.0 \(Vector.sdkAppID) \(Vector.issuedAt) 604800 \(buffer) \(identifier)")
    }
}

/// A Python that has `tls-sig-api-v2`.
enum Python {
    static let path: String =
        ProcessInfo.processInfo.environment["ROSTRUM_PYTHON"]
        ?? URL(filePath: #filePath).appending(path: "../../../.build/venv/bin/python").standardized
        .path(percentEncoded: false)

    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

    /// What `program` prints, less the last newline; its first two arguments are the application's number and key.
    static func run(_ program: String, _ arguments: [String]) throws -> String {
        let preamble = """
            import json, sys, zlib
            import TLSSigAPIv2
            api = TLSSigAPIv2.TLSSigAPIv2(int(sys.argv[1]), sys.argv[2])

            """
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = ["-X", "utf8", "-c", preamble + program] + arguments
        process.standardOutput = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .newlines)
    }
}

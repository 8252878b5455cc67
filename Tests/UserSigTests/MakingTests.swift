import RostrumTesting
import Testing
import UserSig

/// What is made is what is read.
@Suite struct MakingTests {
    private static let identifiers = [
        "administrator", "reader_01", "a", "", " ", "@TOA#_official", "caf\u{E9}", "cafe\u{301}", "公众号",
        "\u{1F1FA}\u{1F1F3}", #"quote " and \ slash /"#, "tab\tnewline\nreturn\r\n",
        "\0\u{1}\u{F}\u{10}\u{1F}\u{7F}\u{80}\u{2028}\u{FFFF}\u{10FFFF}",
        "x\nTLS.sdkappid:1\nTLS.time:1\nTLS.expire:1", #"","TLS.identifier":"administrator"#,
        String(repeating: "z", count: 3000),
    ]

    @Test("a token verifies for the identifier it was made for", arguments: identifiers)
    func roundTrip(identifier: String) throws {
        let token = UserSig.token(
            sdkAppID: Vector.sdkAppID,
            identifier: identifier,
            key: Vector.key,
            issuedAt: Vector.issuedAt,
            lifetime: 60
        )

        let userSig = try UserSig(decoding: token)

        #expect(userSig.identifier.utf8.elementsEqual(identifier.utf8))
        #expect(userSig.sdkAppID == Vector.sdkAppID)
        #expect(userSig.issuedAt == Vector.issuedAt)
        #expect(userSig.lifetime == 60)
        #expect(userSig.userBuffer == nil)
        #expect(try Vector.verify(token, identifier: identifier) == 0)
    }

    @Test("random identifiers, keys and numbers come back", arguments: [1, 2, 3] as [UInt64])
    func randomRoundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func text(_ generator: inout SeededGenerator) -> String {
            let scalars = (0..<Int.random(in: 0...32, using: &generator)).compactMap { _ in
                let limit: UInt32 = Bool.random(using: &generator) ? 0x7F : 0x10FFFF
                return Unicode.Scalar(UInt32.random(in: 0...limit, using: &generator))
            }
            return String(String.UnicodeScalarView(scalars))
        }

        for _ in 0..<100 {
            let (identifier, key) = (text(&generator), text(&generator))
            let app = Int64.random(in: 0 ... .max, using: &generator)
            let (issuedAt, lifetime) = (
                Int64.random(in: 0...(1 << 40), using: &generator), Int64.random(in: 1...(1 << 40), using: &generator)
            )
            let token = UserSig.token(
                sdkAppID: app,
                identifier: identifier,
                key: key,
                issuedAt: issuedAt,
                lifetime: lifetime
            )
            let keys = [key + "!", key]
            let index = try UserSig(decoding: token)
                .verify(sdkAppID: app, identifier: identifier, keys: keys, now: issuedAt)
            #expect(index == 1, "seed \(seed): \(identifier)")
        }
    }

    @Test("a userbuf of any length comes back", arguments: 0..<50)
    func userBuffer(length: Int) throws {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 151) }
        let token = UserSig.token(
            sdkAppID: 1,
            identifier: "reader",
            key: "key",
            issuedAt: 0,
            lifetime: 1,
            userBuffer: bytes
        )

        let userSig = try UserSig(decoding: token)

        #expect(userSig.userBuffer == bytes)
        #expect(try userSig.verify(sdkAppID: 1, identifier: "reader", keys: ["key"], now: 0) == 0)
    }

    @Test("a token has only characters that need no escaping in a query")
    func alphabet() {
        for identifier in Self.identifiers {
            let token = UserSig.token(sdkAppID: 1, identifier: identifier, key: "key", issuedAt: 0, lifetime: 1)
            #expect(token.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "*-_".contains($0)) })
            #expect(token.count.isMultiple(of: 4))
        }
    }

    @Test("the same inputs give the same claims as a published token", arguments: Vector.all)
    func vectors(vector: Vector) throws {
        let token = UserSig.token(
            sdkAppID: Vector.sdkAppID,
            identifier: vector.identifier,
            key: Vector.key,
            issuedAt: Vector.issuedAt,
            lifetime: vector.lifetime,
            userBuffer: vector.userBuffer
        )

        // Equal values have equal signatures too; the texts may differ with the version of zlib.
        #expect(try UserSig(decoding: token) == UserSig(decoding: vector.token))
    }

    @Test("the lifetime is 180 days unless given")
    func defaultLifetime() throws {
        let token = UserSig.token(sdkAppID: 1, identifier: "reader", key: "key", issuedAt: 0)

        #expect(try UserSig(decoding: token).expiresAt == 180 * 86_400)
    }
}

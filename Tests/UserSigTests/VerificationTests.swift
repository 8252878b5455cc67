import Testing
import UserSig

/// What is accepted, and which fault of several is reported (spec/usersig.md sections 4 to 6).
@Suite struct VerificationTests {
    @Test("a published token says what it was made with", arguments: Vector.all)
    func vectorsDecode(vector: Vector) throws {
        let userSig = try UserSig(decoding: vector.token)

        #expect(userSig.sdkAppID == Vector.sdkAppID)
        #expect(userSig.identifier == vector.identifier)
        #expect(userSig.issuedAt == Vector.issuedAt)
        #expect(userSig.lifetime == vector.lifetime)
        #expect(userSig.userBuffer == vector.userBuffer)
        #expect(userSig.expiresAt == Vector.issuedAt + vector.lifetime)
    }

    @Test("a published token is accepted until its last second", arguments: Vector.all)
    func vectorsVerify(vector: Vector) throws {
        let end = Vector.issuedAt + vector.lifetime

        #expect(try Vector.verify(vector.token, identifier: vector.identifier) == 0)
        #expect(try Vector.verify(vector.token, identifier: vector.identifier, now: end - 1) == 0)
        #expect(throws: UserSigError.expired) {
            try Vector.verify(vector.token, identifier: vector.identifier, now: end)
        }
    }

    @Test("vector 6.1 is accepted at 1767311999 and expired at 1767312000")
    func expiryBoundary() throws {
        #expect(try Vector.verify(Vector.admin.token, now: 1_767_311_999) == 0)
        #expect(throws: UserSigError.expired) { try Vector.verify(Vector.admin.token, now: 1_767_312_000) }
    }

    @Test("a token may be issued up to 300 s after now")
    func clockSkew() throws {
        #expect(try Vector.verify(Vector.admin.token, now: Vector.issuedAt - 300) == 0)
        #expect(throws: UserSigError.notYetValid) {
            try Vector.verify(Vector.admin.token, now: Vector.issuedAt - 301)
        }
    }

    @Test("the index of the key that matched is returned")
    func rotation() throws {
        let (old, new) = ("the old key", Vector.key)

        #expect(try Vector.verify(Vector.admin.token, keys: [old, new]) == 1)
        #expect(try Vector.verify(Vector.admin.token, keys: [new, old]) == 0)
        #expect(try Vector.verify(Vector.admin.token, keys: [new, new]) == 0)
        #expect(throws: UserSigError.badSignature) { try Vector.verify(Vector.admin.token, keys: [old, old]) }
    }

    @Test("the key is its text, so its case matters", arguments: ["", Vector.key.uppercased(), Vector.key + "\n"])
    func keyIsText(key: String) {
        #expect(throws: UserSigError.badSignature) { try Vector.verify(Vector.admin.token, keys: [key]) }
    }

    @Test(
        "another identifier is refused",
        arguments: ["admin", "Administrator", "administrator ", "administrator\0", ""]
    )
    func wrongIdentifier(identifier: String) {
        #expect(throws: UserSigError.wrongIdentifier) {
            try Vector.verify(Vector.admin.token, identifier: identifier)
        }
    }

    @Test("identifiers are compared byte by byte, though Swift calls them equal")
    func canonicalEquivalence() throws {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        let token = UserSig.token(
            sdkAppID: Vector.sdkAppID,
            identifier: composed,
            key: Vector.key,
            issuedAt: Vector.issuedAt,
            lifetime: 60
        )

        #expect(composed == decomposed)
        #expect(try Vector.verify(token, identifier: composed) == 0)
        #expect(throws: UserSigError.wrongIdentifier) { try Vector.verify(token, identifier: decomposed) }
    }

    @Test("of several faults the first in the specification's order is reported")
    func precedence() throws {
        let userSig = try UserSig(decoding: Vector.admin.token)
        let (late, early) = (Vector.issuedAt + 86_400, Vector.issuedAt - 86_400)
        let app = Vector.sdkAppID

        #expect(throws: UserSigError.wrongApplication) {
            try userSig.verify(sdkAppID: app + 1, identifier: "admin", keys: [], now: late)
        }
        #expect(throws: UserSigError.wrongIdentifier) {
            try userSig.verify(sdkAppID: app, identifier: "admin", keys: [], now: late)
        }
        #expect(throws: UserSigError.noKey) {
            try userSig.verify(sdkAppID: app, identifier: "administrator", keys: [], now: late)
        }
        for now in [late, early] {
            #expect(throws: UserSigError.badSignature) {
                try userSig.verify(sdkAppID: app, identifier: "administrator", keys: ["another"], now: now)
            }
        }
        #expect(throws: UserSigError.expired) {
            try userSig.verify(sdkAppID: app, identifier: "administrator", keys: [Vector.key], now: late)
        }
        #expect(throws: UserSigError.notYetValid) {
            try userSig.verify(sdkAppID: app, identifier: "administrator", keys: [Vector.key], now: early)
        }
    }
}

import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing
import UserSig

/// Who is let in, and with which code the others are turned away (spec/usersig.md section 5).
@Suite struct AuthenticationTests {
    /// A token that is refused, and why.
    struct Refused: Sendable, CustomTestStringConvertible {
        let reason: String
        let token: String
        let code: ErrorCode

        var testDescription: String { reason }

        static let all = [
            Refused(reason: "empty", token: "", code: .userSigEmpty),
            Refused(reason: "no token", token: "garbage", code: .userSigIllegal),
            Refused(reason: "cut short", token: String(UserSig.example().dropLast(9)), code: .userSigIllegal),
            Refused(
                reason: "from more than 300 s in the future",
                token: UserSig.example(issuedAt: ManualClock.start.advanced(bySeconds: 301)),
                code: .userSigIllegal
            ),
            Refused(reason: "never valid", token: UserSig.example(lifetime: 0), code: .userSigExpired),
            Refused(
                reason: "expired",
                token: UserSig.example(issuedAt: ManualClock.start.advanced(bySeconds: -60), lifetime: 60),
                code: .userSigExpired
            ),
            Refused(
                reason: "for another identifier",
                token: UserSig.example(for: UserID("anna")),
                code: .userSigOtherIdentifier
            ),
            Refused(
                reason: "for another application",
                token: UserSig.example(of: .other),
                code: .userSigOtherApplication
            ),
            Refused(reason: "made with another key", token: UserSig.example(key: "guessed"), code: .userSigCheckFailed),
        ]
    }

    @Test("a good token lets in, again and again", arguments: StorageEngine.enabled)
    func good(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for _ in 0..<3 { #expect(await installation.refusal(of: UserSig.example()) == nil) }
        }
    }

    @Test("a bad token is refused with its code, again and again", arguments: StorageEngine.enabled, Refused.all)
    func bad(engine: StorageEngine, refused: Refused) async throws {
        try await engine.withInstallation { installation in
            for _ in 0..<3 { #expect(await installation.refusal(of: refused.token) == refused.code) }
        }
    }

    @Test("a token from up to 300 s in the future is let in", arguments: StorageEngine.enabled)
    func clockSkew(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let token = UserSig.example(issuedAt: ManualClock.start.advanced(bySeconds: 300))

            #expect(await installation.refusal(of: token) == nil)
        }
    }

    @Test("an account that was never imported is let in", arguments: StorageEngine.enabled)
    func notImported(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let token = UserSig.example(for: UserID("stranger"))

            #expect(await installation.refusal(of: token, as: UserID("stranger")) == nil)
        }
    }

    @Test("without a key no token is good", arguments: StorageEngine.enabled)
    func noKey(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.database.write { tx throws(ChatError) in
                try tx.execute("DELETE FROM application_keys WHERE app = \(SDKAppID.example)")
            }

            #expect(await installation.refusal(of: UserSig.example()) == .applicationKeyMissing)
        }
    }

    @Test("a refusal says nothing of the token or the key", arguments: Refused.all)
    func explanations(refused: Refused) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let application = try await installation.application()

            let error = await refusal {
                try await installation.authentication.authenticate(
                    refused.token,
                    as: .administrator,
                    of: application,
                    from: "192.0.2.1"
                )
            }
            let info = try #require(error?.info)
            #expect(!info.contains(NewApplication.exampleKey))
            #expect(refused.token.isEmpty || !info.contains(refused.token))
        }
    }

    // The keys.

    @Test("while a key is rotated both are good; afterwards only the new one", arguments: StorageEngine.enabled)
    func rotation(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let (old, new) = (UserSig.example(), UserSig.example(key: "new key"))
            let before = await installation.refusal(of: new)
            _ = try await installation.applications.rotateKey(of: .example, to: "new key", by: installation.operation())
            let during = [await installation.refusal(of: old), await installation.refusal(of: new)]
            _ = try await installation.applications.dropOldKeys(of: .example, by: installation.operation())
            let after = [await installation.refusal(of: old), await installation.refusal(of: new)]

            #expect(before == .userSigCheckFailed)
            #expect(during == [nil, nil])
            #expect(after == [.userSigCheckFailed, nil])
        }
    }

    @Test("when the keys are replaced, what the old ones let in is refused at once", arguments: StorageEngine.enabled)
    func replacement(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.rotateKey(of: .example, to: "second", by: installation.operation())
            let old = [UserSig.example(), UserSig.example(key: "second")]
            for token in old { #expect(await installation.refusal(of: token) == nil) }

            _ = try await installation.applications.replaceKeys(
                of: .example,
                with: "third",
                by: installation.operation()
            )

            for token in old { #expect(await installation.refusal(of: token) == .userSigCheckFailed) }
            #expect(await installation.refusal(of: UserSig.example(key: "third")) == nil)
        }
    }

    @Test(
        "a token that was let in is refused once its key is dropped, though no event told of it",
        arguments: StorageEngine.enabled
    )
    func untoldRotation(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let (token, other) = (UserSig.example(), installation.anotherNode())
            #expect(await installation.refusal(of: token) == nil)

            _ = try await other.applications.rotateKey(of: .example, to: "new key", by: other.operation())
            #expect(await installation.refusal(of: token) == nil)
            _ = try await other.applications.dropOldKeys(of: .example, by: other.operation())
            #expect(await installation.refusal(of: token) == .userSigCheckFailed)
        }
    }

    // Kicks.

    @Test("a kick ends every token issued up to that second, and none issued later", arguments: StorageEngine.enabled)
    func kicked(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let earlier = UserSig.example(issuedAt: ManualClock.start.advanced(bySeconds: -10))
            let sameSecond = UserSig.example()
            let later = UserSig.example(issuedAt: ManualClock.start.advanced(bySeconds: 1))
            #expect(await installation.refusal(of: earlier) == nil)

            try await installation.accounts.kick(.administrator, for: installation.call())

            #expect(await installation.refusal(of: earlier) == .userSigExpired)
            #expect(await installation.refusal(of: sameSecond) == .userSigExpired)
            #expect(await installation.refusal(of: later) == nil)
        }
    }

    @Test("a kick of another account, or in another application, ends nothing", arguments: StorageEngine.enabled)
    func otherKicks(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            try await installation.importAccounts("anna")

            try await installation.accounts.kick(UserID("anna"), for: installation.call())
            try await installation.accounts.kick(.administrator, for: installation.call(of: .other))

            #expect(await installation.refusal(of: UserSig.example()) == nil)
        }
    }

    @Test(
        "a kick outlives the account: what was signed before its deletion stays void when the name is imported again",
        arguments: StorageEngine.enabled
    )
    func kickedAndDeleted(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            let anna = UserID("anna")
            try await installation.importAccounts("anna")
            let kicked = UserSig.example(for: anna)
            let beforeDeletion = UserSig.example(for: anna, issuedAt: ManualClock.start.advanced(bySeconds: 10))
            let afterDeletion = UserSig.example(for: anna, issuedAt: ManualClock.start.advanced(bySeconds: 11))
            try await installation.accounts.kick(anna, for: installation.call())
            installation.clock.advance(seconds: 10)

            _ = try await installation.accounts.delete([anna], for: installation.call())
            try await installation.importAccounts("anna")

            #expect(await installation.refusal(of: kicked, as: anna) == .userSigExpired)
            #expect(await installation.refusal(of: beforeDeletion, as: anna) == .userSigExpired)
            #expect(await installation.refusal(of: afterDeletion, as: anna) == nil)
        }
    }

    @Test("a kick that no event told of is in force 5 s later", arguments: StorageEngine.enabled)
    func untoldKick(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let token = UserSig.example()
            #expect(await installation.refusal(of: token) == nil)

            try await installation.anotherNode().accounts.kick(.administrator, for: installation.call())
            for _ in 0..<4 {
                installation.clock.advance(seconds: 1)
                _ = await installation.refusal(of: token)
            }
            installation.clock.advance(seconds: 1)

            #expect(await installation.refusal(of: token) == .userSigExpired, "being asked often changes nothing")
        }
    }

    @Test(
        "an account that never logged in here is refused after a kick elsewhere at once",
        arguments: StorageEngine.enabled
    )
    func kickedBeforeFirstLogin(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.anotherNode().accounts.kick(.administrator, for: installation.call())

            #expect(await installation.refusal(of: UserSig.example()) == .userSigExpired)
        }
    }
}

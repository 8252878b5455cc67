import Chat
import ChatProtocol
import RostrumTesting
import Testing
import UserSig

/// What operators are told of a UserSig, and those that they make.
@Suite struct TokenReportTests {
    private static let anna = UserID("anna")

    private func report(
        on token: String,
        as identifier: String = "",
        _ installation: TestInstallation
    ) async throws -> TokenReport {
        try await UserSigs(installation.systems).report(
            on: token,
            as: identifier,
            of: installation.application(),
            at: installation.clock.now
        )
    }

    @Test("a good token is good by the key that made it", arguments: StorageEngine.enabled)
    func good(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let old = try await installation.application().keys
            installation.clock.advance(seconds: 60)
            let id = SDKAppID.example
            let key = NewApplication.makeKey(installation.random)
            _ = try await installation.applications.rotateKey(of: id, to: key, by: installation.operation())

            let first = try await report(on: UserSig.example(), installation)
            let second = try await report(on: UserSig.example(key: key), as: "administrator", installation)

            #expect(first.isGood && first.code == .ok && first.signer == old.first)
            #expect(second.isGood && second.signer?.text == key)
            #expect(first.isAdmin && first.isImported)
            #expect(first.document?.contains("\"TLS.identifier\":\"administrator\"") == true)
        }
    }

    @Test("every fault is told, not the first alone", arguments: StorageEngine.enabled)
    func allFaults(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let token = UserSig.example(for: Self.anna, of: .other, key: "another key", lifetime: 60)
            installation.clock.advance(seconds: 60)

            let report = try await report(on: token, as: "administrator", installation)

            #expect(report.faults == [.wrongApplication, .wrongIdentifier, .badSignature, .expired])
            #expect(report.code == .userSigOtherApplication && !report.isGood)
            #expect(report.claims?.identifier == "anna" && report.signer == nil && report.otherSigner == nil)
        }
    }

    @Test("another application that it is of is named when its key made it", arguments: StorageEngine.enabled)
    func otherApplication(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let other = NewApplication.example(id: .other, key: "the other application's own key")
            _ = try await installation.applications.create(other, by: installation.operation())

            let theirs = try await report(on: UserSig.example(of: .other, key: other.key), installation)
            let forged = try await report(on: UserSig.example(of: .other, key: "nobody's key"), installation)

            #expect(theirs.faults == [.wrongApplication, .badSignature] && theirs.otherSigner == .other)
            #expect(forged.faults == theirs.faults && forged.otherSigner == nil)
        }
    }

    @Test("what cannot be taken apart is told by the step that failed", arguments: StorageEngine.enabled)
    func malformed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let whole = UserSig.example()
            for (token, fault) in [
                ("", UserSigError.empty), ("not base64!", .malformed(.notBase64)), ("AAAA", .malformed(.notZlib)),
                (String(whole.prefix(whole.count / 8 * 4)), .malformed(.notZlib)),
                (String(repeating: "A", count: 8193), .malformed(.tokenTooLong)),
            ] {
                let report = try await report(on: token, installation)
                #expect(report.malformation == fault && report.document == nil && report.claims == nil)
                #expect(!report.isGood && report.code.rawValue == fault.code)
            }
        }
    }

    @Test("a kick and a deletion make void what was made before", arguments: StorageEngine.enabled)
    func void(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna", "ben")
            let (anna, ben) = (UserSig.example(for: Self.anna), UserSig.example(for: UserID("ben")))
            try await installation.accounts.kick(Self.anna, for: installation.call())
            _ = try await installation.accounts.delete([UserID("ben")], for: installation.call())

            let kicked = try await report(on: anna, installation)
            let deleted = try await report(on: ben, installation)

            #expect(kicked.voidUntil == ManualClock.start && kicked.code == .userSigExpired && kicked.isImported)
            #expect(deleted.voidUntil == ManualClock.start && !deleted.isGood && !deleted.isImported)
        }
    }

    @Test("the code is the one that a call is answered with", arguments: StorageEngine.enabled)
    func agreesWithAuthentication(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna")
            let tokens = [
                UserSig.example(), UserSig.example(for: Self.anna), UserSig.example(of: .other), "", "AAAA", "!",
                UserSig.example(key: "another key"), UserSig.example(lifetime: 0), UserSig.example(lifetime: 3),
                UserSig.example(issuedAt: ManualClock.start.advanced(bySeconds: 304)),
                UserSig.example(issuedAt: ManualClock.start.advanced(bySeconds: -86_400)),
            ]
            installation.clock.advance(seconds: 3)
            try await installation.accounts.kick(Self.anna, for: installation.call())

            for (number, token) in tokens.enumerated() {
                for name in ["administrator", "anna"] {
                    let refusal = await installation.refusal(of: token, as: UserID(name), from: "192.0.2.\(number)")
                    let report = try await report(on: token, as: name, installation)
                    #expect(report.code == refusal ?? .ok, "\(number) as \(name)")
                    #expect(report.isGood == (refusal == nil))
                }
            }
        }
    }

    @Test("a token that is made lets in until its end, and the audit says for whom", arguments: StorageEngine.enabled)
    func making(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let application = try await installation.application()
            let operation = installation.operation(by: "operator:alice")

            let token = try await UserSigs(installation.systems)
                .make(for: .administrator, of: application, lifetime: 60, by: operation)

            #expect(await installation.refusal(of: token) == nil)
            installation.clock.advance(seconds: 60)
            #expect(await installation.refusal(of: token) == .userSigExpired)
            let entries = try await installation.audit()
            #expect(
                entries.contains { $0.action == "app make-usersig administrator" && $0.caller == "operator:alice" }
            )
        }
    }

    @Test("a lifetime of nothing, or beyond what is allowed, makes no token", arguments: [Int64.min, 0, 4_294_967_296])
    func lifetimes(lifetime: Int64) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let application = try await installation.application()
            let count = try await installation.audit().count

            let refusal = await refusal {
                try await UserSigs(installation.systems)
                    .make(for: .administrator, of: application, lifetime: lifetime, by: installation.operation())
            }

            #expect(refusal?.code == .accountParameterInvalid)
            #expect(try await installation.audit().count == count)
        }
    }

    @Test("what a call changed is found by its RequestId, in its own application", arguments: StorageEngine.enabled)
    func auditByRequest(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna")
            let call = try await installation.call()
            try await installation.accounts.kick(Self.anna, for: call)

            let found = try await installation.applications.audit(of: .example, request: call.requestID)

            #expect(found.map(\.action) == ["kick"] && found.map(\.target) == ["anna"])
            #expect(try await installation.applications.audit(of: .other, request: call.requestID).isEmpty)
            #expect(try await installation.applications.audit(of: .example, request: "nothing").isEmpty)
        }
    }
}

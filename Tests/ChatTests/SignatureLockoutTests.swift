import Chat
import ChatProtocol
import RostrumTesting
import Testing
import UserSig

/// Guessing is slowed down, and nobody can lock another out (design section 9).
@Suite struct SignatureLockoutTests {
    private static let forged = UserSig.example(key: "guessed")

    /// Fails so many times and expects each to be told so.
    private func fail(_ times: Int, in installation: TestInstallation) async {
        for _ in 0..<times { #expect(await installation.refusal(of: Self.forged) == .userSigCheckFailed) }
    }

    @Test("20 failed signatures lock, a good one included", arguments: StorageEngine.enabled)
    func locked(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            #expect(await installation.refusal(of: UserSig.example()) == nil)
            await fail(20, in: installation)

            #expect(await installation.refusal(of: Self.forged) == .userSigLockedOut)
            #expect(await installation.refusal(of: UserSig.example()) == .userSigLockedOut)
        }
    }

    @Test("19 failed signatures do not lock", arguments: StorageEngine.enabled)
    func notYetLocked(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            await fail(19, in: installation)

            #expect(await installation.refusal(of: UserSig.example()) == nil)
        }
    }

    @Test("only that application, identifier and address together are locked", arguments: StorageEngine.enabled)
    func onlyThatTriple(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            await fail(20, in: installation)
            let (anna, token) = (UserID("anna"), UserSig.example())

            #expect(await installation.refusal(of: token, from: "192.0.2.2") == nil)
            #expect(await installation.refusal(of: UserSig.example(for: anna), as: anna) == nil)
            #expect(await installation.refusal(of: UserSig.example(of: .other), in: .other) == nil)
            #expect(await installation.refusal(of: token) == .userSigLockedOut)
        }
    }

    @Test(
        "another address of one IPv6 network is no way around, and another network is",
        arguments: StorageEngine.enabled
    )
    func networks(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for number in 0..<20 {
                #expect(
                    await installation.refusal(of: Self.forged, from: "2001:db8:0:7::\(number + 1)")
                        == .userSigCheckFailed
                )
            }

            #expect(await installation.refusal(of: Self.forged, from: "2001:db8:0:7:ffff::1") == .userSigLockedOut)
            #expect(await installation.refusal(of: UserSig.example(), from: "2001:db8:0:8::1") == nil)
        }
    }

    @Test("a lock lasts a minute, however often one tries meanwhile", arguments: StorageEngine.enabled)
    func unlocked(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            await fail(20, in: installation)
            for _ in 0..<59 {
                installation.clock.advance(seconds: 1)
                #expect(await installation.refusal(of: Self.forged) == .userSigLockedOut)
            }
            installation.clock.advance(milliseconds: 999)
            #expect(await installation.refusal(of: UserSig.example()) == .userSigLockedOut)
            installation.clock.advance(milliseconds: 1)

            #expect(await installation.refusal(of: UserSig.example()) == nil)
            await fail(19, in: installation)
            #expect(await installation.refusal(of: UserSig.example()) == nil, "counting begins anew")
        }
    }

    @Test("failures of more than a minute ago do not count", arguments: StorageEngine.enabled)
    func oldFailures(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            await fail(19, in: installation)
            installation.clock.advance(seconds: 60)
            await fail(19, in: installation)

            #expect(await installation.refusal(of: UserSig.example()) == nil)
        }
    }

    @Test("20 failures within any minute lock, whenever the first was", arguments: StorageEngine.enabled)
    func slidingWindow(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            await fail(1, in: installation)
            installation.clock.advance(seconds: 50)
            await fail(18, in: installation)
            installation.clock.advance(seconds: 15)
            await fail(2, in: installation)

            #expect(await installation.refusal(of: UserSig.example()) == .userSigLockedOut)
        }
    }

    @Test(
        "only failed signatures count, not tokens that are expired, empty or another's",
        arguments: StorageEngine.enabled
    )
    func otherFailures(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let expired = UserSig.example(issuedAt: ManualClock.start.advanced(bySeconds: -60), lifetime: 60)
            for _ in 0..<30 {
                #expect(await installation.refusal(of: expired) == .userSigExpired)
                #expect(await installation.refusal(of: "") == .userSigEmpty)
                #expect(await installation.refusal(of: UserSig.example(of: .other)) == .userSigOtherApplication)
            }

            #expect(await installation.refusal(of: UserSig.example()) == nil)
        }
    }

    @Test("guessing from very many addresses leaves the admin's own address open", arguments: StorageEngine.enabled)
    func manyAddresses(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for number in 0..<1000 {
                #expect(await installation.refusal(of: Self.forged, from: "10.0.\(number)") == .userSigCheckFailed)
            }

            #expect(await installation.refusal(of: UserSig.example()) == nil)
        }
    }
}

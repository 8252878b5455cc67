import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing
import UserSig

/// A user's first login imports the account (spec/accounts.md 1).
@Suite struct AdmissionTests {
    @Test(
        "a first login imports the account and is audited, a later one does nothing",
        arguments: StorageEngine.enabled
    )
    func first(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let before = try await installation.accountCount()

            for _ in 0..<2 { try await installation.accounts.admit(for: installation.ownCall()) }

            let imported = try await installation.accounts.imported(among: [.anna], of: installation.application())
            #expect(imported == [.anna])
            #expect(try await installation.accountCount() == before + 1)
            let entries = try await installation.audit().filter { $0.target == "anna" }
            #expect(entries.map(\.action) == ["first login"] && entries.map(\.caller) == ["anna"])
        }
    }

    @Test("an account that is there keeps its name and picture, and is not audited", arguments: StorageEngine.enabled)
    func there(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.accounts.import(.example(nick: "A", faceURL: "f"), for: installation.call())
            let before = try await installation.audit()

            try await installation.accounts.admit(for: installation.ownCall())

            let account = try await installation.accounts.page(of: .example, after: "", limit: 10).last
            #expect(account?.nick == "A" && account?.faceURL == "f")
            #expect(try await installation.audit() == before)
        }
    }

    @Test("of many devices at once one imports, and the quota counts one", arguments: StorageEngine.enabled)
    func atOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let before = try await installation.accountCount()

            try await withThrowingTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask { try await installation.accounts.admit(for: installation.ownCall()) }
                }
                try await group.waitForAll()
            }

            #expect(try await installation.accountCount() == before + 1)
            #expect(try await installation.audit().filter { $0.action == "first login" }.count == 1)
        }
    }

    @Test("a login is refused as an import is: no room, or deleted too recently", arguments: StorageEngine.enabled)
    func refused(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("bob")
            _ = try await installation.accounts.delete([.bob], for: installation.call())

            let recently = await refusal { try await installation.accounts.admit(for: installation.ownCall(.bob)) }
            try await installation.setLimits([.accounts: 1])
            let full = await refusal { try await installation.accounts.admit(for: installation.ownCall()) }
            let there = await refusal {
                try await installation.accounts.admit(for: installation.ownCall(.administrator))
            }

            #expect([recently?.code, full?.code] == [.accountRecentlyDeleted, .accountQuotaExceeded])
            #expect(there == nil, "who is there needs no room")
            #expect(try await installation.accountCount() == 1)
            #expect(try await installation.audit().allSatisfy { $0.action != "first login" })
        }
    }

    @Test("what an interrupted deletion left is gone before the name comes back", arguments: StorageEngine.enabled)
    func inheritsNothing(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            try await installation.prepareResume()
            try await installation.execute("DELETE FROM accounts WHERE id = 'anna'")
            try await installation.execute(
                "INSERT INTO unsubscribing_accounts (app, account, deleted_at) VALUES (\(SDKAppID.example), 'anna', 0)"
            )

            try await installation.accounts.admit(for: installation.ownCall())

            #expect(try await installation.timeline.followed(by: .anna, of: .example)?.isEmpty == true)
            #expect(try await installation.findChannel()?.subscribers == 0)
        }
    }

    @Test(
        "a UserSig of before an account's deletion does not log it in to life again",
        arguments: StorageEngine.enabled
    )
    func deletedMeanwhile(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            try await installation.accounts.admit(for: installation.ownCall())
            installation.clock.advance(seconds: 5)
            let old = UserSig.example(for: .anna, issuedAt: installation.clock.now)
            #expect(await installation.refusal(of: old, as: .anna) == nil)

            _ = try await installation.accounts.delete([.anna], for: installation.call())
            #expect(
                await installation.refusal(of: old, as: .anna) == .userSigExpired,
                "at once, although it was cached"
            )
            #expect(await installation.anotherNode().refusal(of: old, as: .anna) == .userSigExpired)

            installation.clock.advance(seconds: 1)
            let new = UserSig.example(for: .anna, issuedAt: installation.clock.now)
            #expect(await installation.refusal(of: new, as: .anna) == nil)
            try await installation.accounts.admit(for: installation.ownCall())
            #expect(await installation.refusal(of: old, as: .anna) == .userSigExpired)
        }
    }
}

import Chat
import ChatProtocol
import EventBus
import RostrumTesting
import Testing

/// Accounts are deleted and kicked (spec/accounts.md sections 5 and 7).
@Suite struct AccountRemovalTests {
    private static let anna = UserID("anna")

    @Test("a deletion tells what became of each, in order", arguments: StorageEngine.enabled)
    func deleted(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna", "bob")
            let ids = [UserID("nobody"), UserID("bob"), .administrator, UserID("anna"), UserID("bob")]

            let deletions = try await installation.accounts.delete(ids, for: installation.call())

            #expect(deletions == [.notImported, .deleted, .isAdmin, .deleted, .notImported])
            let left = try await installation.accounts.page(of: .example, after: "", limit: 10)
            #expect(left.map(\.id) == [.administrator])
            let count = try await installation.accountCount()
            #expect(count == 1)
        }
    }

    @Test("a deleted account makes room for another", arguments: StorageEngine.enabled)
    func deletionFreesQuota(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setLimits([.accounts: 2])
            try await installation.importAccounts("anna")
            _ = try await installation.accounts.delete([Self.anna], for: installation.call())

            try await installation.importAccounts("bob")
            let error = await refusal {
                try await installation.accounts.import(.example(id: UserID("carl")), for: installation.call())
            }
            #expect(error?.code == .accountQuotaExceeded)
        }
    }

    @Test("a deleted name stays barred for 90 days in an enterprise application", arguments: StorageEngine.enabled)
    func reimportBarred(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna")
            _ = try await installation.accounts.delete([Self.anna], for: installation.call())

            let atOnce = try await installation.accounts.importAll([.example()], for: installation.call())
            installation.clock.advance(seconds: 90 * 86_400)
            installation.clock.advance(milliseconds: -1)
            let lastMoment = await refusal {
                try await installation.accounts.import(.example(), for: installation.call())
            }
            let barred = try await installation.accountCount()
            installation.clock.advance(milliseconds: 1)
            try await installation.importAccounts("anna")

            #expect(atOnce.map(\.code) == [ErrorCode.accountRecentlyDeleted.rawValue])
            #expect(lastMoment?.code == .accountRecentlyDeleted)
            #expect(barred == 1, "what was refused is not counted")
            let count = try await installation.accountCount()
            #expect(count == 2)
        }
    }

    @Test("a name that is deleted again is barred from then on", arguments: StorageEngine.enabled)
    func deletedAgain(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setLimits([.reimportDays: 10])
            for _ in 0..<2 {
                try await installation.importAccounts("anna")
                _ = try await installation.accounts.delete([Self.anna], for: installation.call())
                installation.clock.advance(seconds: 10 * 86_400)
            }
            installation.clock.advance(seconds: -1)

            let error = await refusal {
                try await installation.accounts.import(.example(), for: installation.call())
            }
            #expect(error?.code == .accountRecentlyDeleted)
        }
    }

    @Test("in a trial a deleted name is free at once", arguments: StorageEngine.enabled)
    func reimportFree(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            try await installation.importAccounts("anna")
            _ = try await installation.accounts.delete([Self.anna], for: installation.call())

            try await installation.importAccounts("anna")
            let count = try await installation.accountCount()
            #expect(count == 2)
        }
    }

    @Test("in a trial it is free at once on a node whose clock is behind, too", arguments: StorageEngine.enabled)
    func reimportFreeWithSkew(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            try await installation.importAccounts("anna")
            _ = try await installation.accounts.delete([Self.anna], for: installation.call())
            installation.clock.advance(milliseconds: -50)

            let error = await refusal {
                try await installation.accounts.import(.example(), for: installation.call())
            }
            #expect(error == nil)
        }
    }

    @Test("an account made an admin by another node is protected at once", arguments: StorageEngine.enabled)
    func newAdminIsProtected(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna")
            let call = try await installation.call()
            _ = try await installation.anotherNode().applications.addAdmin(
                Self.anna,
                to: .example,
                by: installation.operation()
            )

            // The rule is judged in the transaction, not by what the call knew of the application before.
            let deletions = try await installation.accounts.delete([Self.anna], for: call)
            #expect(deletions == [.isAdmin])
        }
    }

    @Test("a kick makes void what was issued up to that second", arguments: StorageEngine.enabled)
    func kicked(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna", "bob")
            installation.clock.advance(milliseconds: 1999)

            try await installation.accounts.kick(Self.anna, for: installation.call())

            let anna = try await installation.accounts.signaturesVoidUntil(Self.anna, of: .example)
            let bob = try await installation.accounts.signaturesVoidUntil(UserID("bob"), of: .example)
            #expect(anna == ManualClock.start.seconds + 1)
            #expect(bob == nil)
        }
    }

    @Test("a kick by a node whose clock is behind takes no earlier kick back", arguments: StorageEngine.enabled)
    func kicksOnlyGrow(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna")
            try await installation.accounts.kick(Self.anna, for: installation.call())
            installation.clock.advance(seconds: -10)
            try await installation.accounts.kick(Self.anna, for: installation.call())

            let voidUntil = try await installation.accounts.signaturesVoidUntil(Self.anna, of: .example)
            #expect(voidUntil == ManualClock.start.seconds)
        }
    }

    @Test("importing a kicked account again takes no kick back", arguments: StorageEngine.enabled)
    func importKeepsKicks(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna")
            try await installation.accounts.kick(Self.anna, for: installation.call())
            try await installation.importAccounts("anna")

            let voidUntil = try await installation.accounts.signaturesVoidUntil(Self.anna, of: .example)
            #expect(voidUntil == ManualClock.start.seconds)
        }
    }

    @Test(
        "what was signed for a name before it was deleted is void for the one who has it next",
        arguments: StorageEngine.enabled
    )
    func deletionKeepsKicks(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            try await installation.importAccounts("anna", "bob")
            try await installation.accounts.kick(Self.anna, for: installation.call())
            installation.clock.advance(milliseconds: 9999)

            _ = try await installation.accounts.delete([Self.anna], for: installation.call())
            installation.clock.advance(seconds: 60)
            try await installation.importAccounts("anna", "carl")

            // All that was signed up to the second of the deletion, the kick's own second among it.
            let anna = try await installation.accounts.signaturesVoidUntil(Self.anna, of: .example)
            #expect(anna == ManualClock.start.seconds + 9)
            for name in ["bob", "carl"] {
                let other = try await installation.accounts.signaturesVoidUntil(UserID(name), of: .example)
                #expect(other == nil, "\(name) was never deleted")
            }
        }
    }

    @Test("a deletion voids nothing that is signed in another application", arguments: StorageEngine.enabled)
    func deletionElsewhere(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            try await installation.importAccounts("anna")
            _ = try await installation.accounts.delete([Self.anna], for: installation.call())

            try await installation.accounts.import(.example(), for: installation.call(of: .other))

            let voidUntil = try await installation.accounts.signaturesVoidUntil(Self.anna, of: .other)
            #expect(voidUntil == nil)
        }
    }

    @Test("a kick is told on the bus once it is stored; one that is refused is not", arguments: StorageEngine.enabled)
    func kicksAreTold(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna")
            let heard = EventLog()
            installation.bus.listen(heard.hear)

            try await installation.accounts.kick(Self.anna, for: installation.call())
            let error = await refusal {
                try await installation.accounts.kick(UserID("nobody"), for: installation.call())
            }

            #expect(error?.code == .accountNotImported)
            let lineage = installation.systems.lineage
            #expect(heard.events == [.accountKicked(.example, Self.anna, lineage: lineage)])
        }
    }
}

import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// Who changed what, from where: one row a change, none for what was refused.
@Suite struct AuditTests {
    private static let anna = UserID("anna")

    /// What was recorded since the installation was made, oldest first.
    private func actions(in installation: TestInstallation) async throws -> [String] {
        let entries = try await installation.audit()
            .sorted { $0.time < $1.time }
            .filter { $0.action != "app create" }
        return entries.map { "\($0.action) \($0.target)" }
    }

    @Test(
        "an entry tells who, from where, what, to what, when, and under which request",
        arguments: StorageEngine.enabled
    )
    func entry(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            installation.clock.advance(milliseconds: 1500)
            let call = try await installation.call(as: UserID("helper"), from: "2001:db8::7")
            _ = try await installation.channels.create(.example(), for: call)

            let entry = try #require(try await installation.audit().first)
            #expect(entry.time == installation.clock.now)
            #expect(entry.requestID == call.requestID)
            #expect(entry.caller == "helper")
            #expect(entry.address == "2001:db8::7")
            #expect(entry.action == "create_official_account")
            #expect(entry.target == "@TOA#_news")
        }
    }

    @Test(
        "every command that changes something is recorded, by its name and its object",
        arguments: StorageEngine.enabled
    )
    func everyCommand(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let (accounts, channels) = (installation.accounts, installation.channels)
            func call() async throws -> Call {
                installation.clock.advance(seconds: 1)
                return try await installation.call()
            }

            try await accounts.import(.example(), for: call())
            _ = try await accounts.importAll([.example(id: UserID("bob")), .example(id: UserID("carl"))], for: call())
            try await accounts.kick(Self.anna, for: call())
            let doomed = [Self.anna, UserID("nobody"), .administrator, UserID("bob")]
            _ = try await accounts.delete(doomed, for: call())
            let made = try await channels.create(.example(id: nil), for: call())
            try await channels.modify(made, .example(name: "New"), for: call())
            try await channels.destroy(made, for: call())

            let actions = try await actions(in: installation)
            #expect(
                actions == [
                    "account_import anna",
                    "multiaccount_import bob,carl",
                    "kick anna",
                    "account_delete anna,bob",
                    "create_official_account \(made)",
                    "modify_official_account_base_info \(made)",
                    "destroy_official_account \(made)",
                ]
            )
        }
    }

    @Test("what was refused, or changed nothing, is not recorded", arguments: StorageEngine.enabled)
    func refusedCalls(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let (accounts, channels) = (installation.accounts, installation.channels)
            _ = try await channels.create(.example(), for: installation.call())
            try await installation.setLimits([.accounts: 1, .channels: 1])
            let before = try await installation.audit().count

            let refusals = [
                await refusal { try await accounts.import(.example(), for: installation.call()) },
                await refusal { try await accounts.kick(Self.anna, for: installation.call()) },
                await refusal { try await channels.create(.example(), for: installation.call()) },
                await refusal { try await channels.create(.example(id: nil), for: installation.call()) },
                await refusal { try await channels.create(.example(owner: Self.anna), for: installation.call()) },
                await refusal {
                    try await channels.modify(ChannelID("@TOA#_2"), .example(name: "x"), for: installation.call())
                },
                await refusal { try await channels.destroy(ChannelID("@TOA#_2"), for: installation.call()) },
            ]
            let refused = try await accounts.importAll([.example()], for: installation.call())
            _ = try await accounts.delete([Self.anna, .administrator], for: installation.call())
            try await channels.modify(.news, ChannelChange(), for: installation.call())

            #expect(refusals.allSatisfy { $0 != nil })
            #expect(refused.count == 1)
            let after = try await installation.audit().count
            #expect(after == before)
        }
    }

    @Test("of a batch only those that were imported are named", arguments: StorageEngine.enabled)
    func partialBatch(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setLimits([.accounts: 2])
            installation.clock.advance(seconds: 1)
            let batch = ["anna", "bob", "carl"].map { NewAccount.example(id: UserID($0)) }
            _ = try await installation.accounts.importAll(batch, for: installation.call())

            let entry = try await installation.audit().first
            #expect(entry?.target == "anna")
        }
    }

    @Test("a retry under an idempotency key is recorded once", arguments: StorageEngine.enabled)
    func retries(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for _ in 0..<3 {
                installation.clock.advance(seconds: 1)
                let call = try await installation.call(idempotencyKey: .example())
                _ = try await installation.channels.create(.example(), for: call)
            }

            let actions = try await actions(in: installation)
            #expect(actions == ["create_official_account @TOA#_news"])
        }
    }

    @Test("an operator's changes are recorded under his name, secrets left out", arguments: StorageEngine.enabled)
    func operators(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let applications = installation.applications
            func operation() -> Operation {
                installation.clock.advance(seconds: 1)
                return installation.operation(by: "cli:bob")
            }
            var change = ApplicationChange()
            change.name = "New"

            _ = try await applications.update(.example, change, by: operation())
            _ = try await applications.addAdmin(Self.anna, to: .example, by: operation())
            _ = try await applications.removeAdmin(Self.anna, from: .example, by: operation())
            _ = try await applications.rotateKey(of: .example, to: "a secret key", by: operation())
            _ = try await applications.dropOldKeys(of: .example, by: operation())
            _ = try await applications.replaceKeys(of: .example, with: "another secret", by: operation())
            try await applications.empty(.example, by: operation())
            _ = await refusal { try await applications.removeAdmin(Self.anna, from: .example, by: operation()) }

            let entries = try await installation.audit().reversed()
            #expect(
                entries.map(\.action) == [
                    "app create", "app set name", "app add-admin anna", "app remove-admin anna", "app rotate-key",
                    "app rotate-key --finish", "app replace-keys", "app empty",
                ]
            )
            #expect(entries.dropFirst().allSatisfy { $0.caller == "cli:bob" })
            #expect(entries.allSatisfy { $0.target == SDKAppID.example.description })
            #expect(entries.allSatisfy { !"\($0)".contains("secret") })
        }
    }

    @Test("the newest entries come first, and no more than asked for", arguments: StorageEngine.enabled)
    func newest(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for name in ["a", "b", "c"] {
                installation.clock.advance(seconds: 1)
                try await installation.importAccounts(name)
            }

            let newest = try await installation.database.read { tx throws(ChatError) in
                try Audit.newest(2, of: .example, in: tx)
            }
            #expect(newest.map(\.target) == ["c", "b"])
        }
    }

    @Test("an application's entries are its own", arguments: StorageEngine.enabled)
    func applicationsAreApart(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna")

            let other = try await installation.audit(of: .other)
            #expect(other == [])
        }
    }
}

import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// Accounts are imported and counted (spec/accounts.md).
@Suite struct AccountsTests {
    private static let anna = UserID("anna")

    private func account(_ id: UserID, in installation: TestInstallation) async throws -> Account? {
        try await installation.accounts.page(of: .example, after: "", limit: 1000).first { $0.id == id }
    }

    @Test("a new account has what it was imported with", arguments: StorageEngine.enabled)
    func imported(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let new = NewAccount.example(id: Self.anna, nick: "Anna", faceURL: "https://img.example/a.png")
            try await installation.accounts.import(new, for: installation.call())

            let account = try #require(try await account(Self.anna, in: installation))
            #expect(account.nick == "Anna")
            #expect(account.faceURL == "https://img.example/a.png")
            #expect(account.createdAt == ManualClock.start)
            let count = try await installation.accountCount()
            #expect(count == 2)
        }
    }

    @Test("importing again writes what is given, leaves the rest and is not counted", arguments: StorageEngine.enabled)
    func importedAgain(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let accounts = installation.accounts
            try await accounts.import(.example(nick: "Anna", faceURL: "a.png"), for: installation.call())
            installation.clock.advance(seconds: 60)

            try await accounts.import(.example(), for: installation.call())
            let untouched = try await account(Self.anna, in: installation)
            try await accounts.import(.example(nick: "Anne"), for: installation.call())
            let renamed = try await account(Self.anna, in: installation)
            try await accounts.import(.example(faceURL: ""), for: installation.call())
            let faceless = try await account(Self.anna, in: installation)

            #expect(untouched?.nick == "Anna" && untouched?.faceURL == "a.png")
            #expect(renamed?.nick == "Anne" && renamed?.faceURL == "a.png")
            #expect(faceless?.nick == "Anne" && faceless?.faceURL == "")
            #expect(faceless?.createdAt == ManualClock.start)
            let count = try await installation.accountCount()
            #expect(count == 2)
        }
    }

    @Test("names are told apart by case", arguments: StorageEngine.enabled)
    func caseMatters(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna", "Anna", "ANNA")

            let count = try await installation.accountCount()
            #expect(count == 4)
        }
    }

    @Test("one account name in two applications is two accounts", arguments: StorageEngine.enabled)
    func applicationsAreApart(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            try await installation.importAccounts("anna")

            let other = try await installation.application(.other)
            let there = try await installation.accounts.imported(among: [Self.anna], of: other)
            let deletions = try await installation.accounts.delete([Self.anna], for: installation.call(of: .other))
            let here = try await installation.accounts.imported(among: [Self.anna], of: installation.application())

            #expect(there == [])
            #expect(deletions == [.notImported])
            #expect(here == [Self.anna])
        }
    }

    // The quota.

    @Test("a quota holds exactly, however many import at once", arguments: StorageEngine.enabled)
    func quotaIsExact(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setLimits([.accounts: 10])
            let codes = await withTaskGroup(of: ErrorCode?.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        await refusal {
                            let call = try await installation.call()
                            try await installation.accounts.import(.example(id: UserID("user_\(number)")), for: call)
                        }?.code
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }

            #expect(codes.filter { $0 == nil }.count == 9, "the admin is one of ten")
            #expect(codes.filter { $0 == .accountQuotaExceeded }.count == 41)
            let (count, stored) = try await (
                installation.accountCount(), installation.accounts.page(of: .example, after: "", limit: 100).count
            )
            #expect(count == 10)
            #expect(stored == 10)
        }
    }

    @Test("many that import one account at once import one", arguments: StorageEngine.enabled)
    func oneAccountAtOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setLimits([.accounts: 2])
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 {
                    group.addTask {
                        let call = try await installation.call()
                        try await installation.accounts.import(.example(), for: call)
                    }
                }
                try await group.waitForAll()
            }

            let count = try await installation.accountCount()
            #expect(count == 2)
        }
    }

    @Test(
        "a full application takes what is there already and names what it refuses, in order",
        arguments: StorageEngine.enabled
    )
    func refusedOnesAreNamed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna")
            try await installation.setLimits([.accounts: 3])

            let batch = ["zoe", "anna", "bob", "carl"].map { NewAccount.example(id: UserID($0), nick: $0.uppercased()) }
            let refused = try await installation.accounts.importAll(batch, for: installation.call())

            #expect(refused.map(\.id) == ["bob", "carl"])
            #expect(refused.allSatisfy { $0.code == ErrorCode.accountQuotaExceeded.rawValue && !$0.info.isEmpty })
            let (anna, zoe) = try await (
                account(Self.anna, in: installation), account(UserID("zoe"), in: installation)
            )
            #expect(anna?.nick == "ANNA")
            #expect(zoe?.nick == "ZOE")
            let bob = try await account(UserID("bob"), in: installation)
            #expect(bob == nil)
            let count = try await installation.accountCount()
            #expect(count == 3)
        }
    }

    @Test(
        "an account that stands twice in a batch is imported once, the later entry's name counts",
        arguments: StorageEngine.enabled
    )
    func duplicatesInABatch(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let batch = [NewAccount.example(nick: "first"), NewAccount.example(nick: "second")]

            let refused = try await installation.accounts.importAll(batch, for: installation.call())

            #expect(refused == [])
            let anna = try await account(Self.anna, in: installation)
            #expect(anna?.nick == "second")
            let count = try await installation.accountCount()
            #expect(count == 2)
        }
    }

    @Test("0 is no quota", arguments: StorageEngine.enabled)
    func noQuota(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            try await installation.setLimits([.accounts: 0])
            let batch = (0..<150).map { NewAccount.example(id: UserID("user_\($0)")) }

            let refused = try await installation.accounts.importAll(batch, for: installation.call())
            #expect(refused == [])
        }
    }

    @Test("a trial has room for 100 accounts, its admin among them", arguments: StorageEngine.enabled)
    func trialQuota(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            let batch = (0..<101).map { NewAccount.example(id: UserID("user_\($0)")) }

            let refused = try await installation.accounts.importAll(batch, for: installation.call())
            #expect(refused.map(\.id) == ["user_99", "user_100"])
        }
    }

    @Test("imported names those of the asked that are", arguments: StorageEngine.enabled)
    func importedAmong(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna", "bob")
            let asked = [UserID("bob"), UserID("nobody"), UserID("bob"), .administrator]

            let imported = try await installation.accounts.imported(among: asked, of: installation.application())
            #expect(imported == [UserID("bob"), .administrator])
        }
    }

    @Test("pages follow one another in the order of names, ordered by bytes", arguments: StorageEngine.enabled)
    func pages(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("b", "A", "a", "_", "B10", "B9", "0")
            var (names, last) = ([String](), "")
            while true {
                let page = try await installation.accounts.page(of: .example, after: last, limit: 3)
                guard let end = page.last else { break }
                #expect(page.count <= 3)
                names += page.map(\.id.rawValue)
                last = end.id.rawValue
            }

            #expect(names == ["0", "A", "B10", "B9", "_", "a", "administrator", "b"])
        }
    }
}

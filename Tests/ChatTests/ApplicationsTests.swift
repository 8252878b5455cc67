import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// Applications are made and changed; their limits and admins.
@Suite struct ApplicationsTests {
    private func change(_ body: (inout ApplicationChange) -> Void) -> ApplicationChange {
        var change = ApplicationChange()
        body(&change)
        return change
    }

    @Test("a new application is found with what it was made with", arguments: StorageEngine.enabled)
    func created(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let new = NewApplication.example(
                id: .other,
                name: "Zweiter Hafen",
                plan: .trial,
                key: "the key",
                admins: [.administrator, UserID("admin")]
            )

            let created = try await installation.applications.create(new, by: installation.operation())
            let application = try #require(try await installation.applications.find(.other))

            #expect(created.id == .other)
            #expect(application.id == .other)
            #expect(application.name == "Zweiter Hafen")
            #expect(application.plan == .trial)
            #expect(application.isEnabled)
            #expect(application.limits == Plan.trial.limits)
            #expect(application.ownLimits == [:])
            #expect(application.keys.map(\.text) == ["the key"])
            #expect(application.keys.map(\.createdAt) == [ManualClock.start])
            #expect(application.admins == [.administrator, UserID("admin")])
            #expect(application.channelServiceIsEnabled)
            #expect(application.channelServiceExpiresAt == nil)
            #expect(application.webhooks == WebhookSettings(secret: "webhook secret"))
            #expect(application.createdAt == ManualClock.start)
        }
    }

    @Test("an application's admins are accounts from the start", arguments: StorageEngine.enabled)
    func adminsAreImported(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let application = try await installation.application()

            let imported = try await installation.accounts.imported(among: [.administrator], of: application)
            #expect(imported == [.administrator])
            let usage = try await (installation.channelCount(), installation.accountCount())
            #expect(usage == (0, 1))
        }
    }

    @Test("a number that is taken is refused, and its application stays as it is", arguments: StorageEngine.enabled)
    func numberTaken(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let again = NewApplication.example(name: "Impostor", key: "another key", admins: [UserID("mallory")])

            let error = await refusal {
                try await installation.applications.create(again, by: installation.operation())
            }

            #expect(error?.code == .accountParameterInvalid)
            let application = try await installation.application()
            #expect(application.name == "Harbour")
            #expect(application.keys.map(\.text) == [NewApplication.exampleKey])
            #expect(application.admins == [.administrator])
        }
    }

    @Test("of many that take one number at once, one gets it", arguments: StorageEngine.enabled)
    func numberTakenAtOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let created = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<10 {
                    group.addTask {
                        await refusal {
                            let new = NewApplication.example(id: .other, name: "\(number)")
                            _ = try await installation.applications.create(new, by: installation.operation())
                        } == nil
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }

            #expect(created.filter { $0 }.count == 1)
            let all = try await installation.applications.all()
            #expect(all.map(\.id) == [.example, .other])
        }
    }

    @Test("what does not exist is not found", arguments: StorageEngine.enabled)
    func notFound(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let found = try await installation.applications.find(.other)
            let usage = try await (installation.channelCount(of: .other), installation.accountCount(of: .other))

            #expect(found == nil)
            #expect(usage == (0, 0))
        }
    }

    @Test("whatever is asked of an application that does not exist is answered 70020", arguments: StorageEngine.enabled)
    func changesNeedAnApplication(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let (applications, operation) = (installation.applications, installation.operation())

            let refusals = [
                await refusal { try await applications.update(.other, ApplicationChange(), by: operation) },
                await refusal { try await applications.addAdmin(.administrator, to: .other, by: operation) },
                await refusal { try await applications.removeAdmin(.administrator, from: .other, by: operation) },
                await refusal { try await applications.rotateKey(of: .other, to: "key", by: operation) },
                await refusal { try await applications.dropOldKeys(of: .other, by: operation) },
                await refusal { try await applications.delete(.other, by: operation) },
                await refusal { try await applications.empty(.other, by: operation) },
            ]

            #expect(refusals.map { $0?.code } == Array(repeating: .applicationNotFound, count: 7))
            let audit = try await installation.audit(of: .other)
            #expect(audit == [])
        }
    }

    @Test("an update changes what is given and leaves the rest", arguments: StorageEngine.enabled)
    func updated(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let expiry = ManualClock.start.advanced(bySeconds: 60)
            let changes = [
                change { $0.name = "New" },
                change { $0.plan = .trial },
                change { $0.isEnabled = false },
                change { $0.channelServiceIsEnabled = false },
                change { $0.channelServiceExpiresAt = .some(expiry) },
                change { $0.ownLimits = [.accounts: 7] },
            ]

            for change in changes {
                _ = try await installation.applications.update(.example, change, by: installation.operation())
            }
            let application = try #require(try await installation.applications.find(.example))

            #expect(application.name == "New")
            #expect(application.plan == .trial)
            #expect(!application.isEnabled)
            #expect(!application.channelServiceIsEnabled)
            #expect(application.channelServiceExpiresAt == expiry)
            #expect(application.ownLimits == [.accounts: 7])
            #expect(application.keys.map(\.text) == [NewApplication.exampleKey])
            #expect(application.admins == [.administrator])
        }
    }

    @Test("an empty change is empty, any other is not")
    func emptiness() {
        #expect(ApplicationChange().isEmpty)
        #expect(!change { $0.name = "" }.isEmpty)
        #expect(!change { $0.channelServiceExpiresAt = .some(nil) }.isEmpty)
        #expect(!change { $0.ownLimits = [.accounts: nil] }.isEmpty)
    }

    // Limits.

    @Test("an application's own limits replace its plan's, until they are given back", arguments: StorageEngine.enabled)
    func ownLimits(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            try await installation.setLimits([.channels: 7, .accounts: 0])
            let limited = try await installation.application()
            try await installation.setLimits([.channels: 8, .accounts: nil])
            let relaxed = try await installation.application()

            #expect(limited.limits == Plan.trial.limits.replacing([.channels: 7, .accounts: 0]))
            #expect(relaxed.ownLimits == [.channels: 8])
            #expect(relaxed.limits == Plan.trial.limits.replacing([.channels: 8]))
        }
    }

    @Test("the limits that the process was started with stand above all others", arguments: StorageEngine.enabled)
    func overrides(engine: StorageEngine) async throws {
        try await engine.withInstallation(overrides: [.channels: 1, .broadcastsPerHour: 0]) { installation in
            try await installation.setLimits([.channels: 7, .accounts: 9])

            let application = try await installation.application()
            #expect(application.limits[.channels] == 1)
            #expect(application.limits[.broadcastsPerHour] == 0)
            #expect(application.limits[.accounts] == 9)
            #expect(application.ownLimits == [.channels: 7, .accounts: 9])
        }
    }

    // Admins.

    @Test("an admin is added once, and is imported whatever the quota says", arguments: StorageEngine.enabled)
    func addingAdmins(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setLimits([.accounts: 1])
            let helper = UserID("helper")

            for _ in 0..<2 {
                let changed = try await installation.applications.addAdmin(
                    helper,
                    to: .example,
                    by: installation.operation()
                )
                #expect(changed.admins == [.administrator, helper])
            }

            let imported = try await installation.accounts.imported(among: [helper], of: installation.application())
            let count = try await installation.accountCount()
            #expect(imported == [helper])
            #expect(count == 2)
        }
    }

    @Test("an account that becomes an admin keeps its name and is counted once", arguments: StorageEngine.enabled)
    func accountBecomesAdmin(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let (anna, call) = (UserID("anna"), try await installation.call())
            try await installation.accounts.import(.example(id: anna, nick: "Anna"), for: call)

            _ = try await installation.applications.addAdmin(anna, to: .example, by: installation.operation())

            let page = try await installation.accounts.page(of: .example, after: "", limit: 10)
            let count = try await installation.accountCount()
            #expect(page.first { $0.id == anna }?.nick == "Anna")
            #expect(count == 2)
        }
    }

    @Test(
        "a removed admin is an account like others; removing one who is none is 70107",
        arguments: StorageEngine.enabled
    )
    func removingAdmins(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let applications = installation.applications
            let changed = try await applications.removeAdmin(
                .administrator,
                from: .example,
                by: installation.operation()
            )
            let again = await refusal {
                try await applications.removeAdmin(.administrator, from: .example, by: installation.operation())
            }

            #expect(changed.admins == [])
            #expect(again?.code == .accountNotImported)
            let imported = try await installation.accounts.imported(among: [.administrator], of: changed)
            #expect(imported == [.administrator])
        }
    }
}

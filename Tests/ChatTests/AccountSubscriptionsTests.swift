import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// A deleted account's subscriptions go with it, and no others (spec/accounts.md section 5).
@Suite struct AccountSubscriptionsTests {
    private static let anna = UserID("anna")

    private func counts(_ installation: TestInstallation) async throws -> [Int64] {
        try await installation.channels.page(of: .example, after: "", limit: 2000).map(\.subscribers)
    }

    /// Makes channels and subscribes anna and bob to each.
    private func fill(_ installation: TestInstallation, channels: Int = 3) async throws {
        try await installation.importAccounts("anna", "bob")
        try await withThrowingDiscardingTaskGroup { group in
            for number in 1...channels {
                group.addTask {
                    let id = ChannelID("@TOA#_\(number)")
                    _ = try await installation.createChannel(.example(id: id))
                    _ = try await installation.subscribe(["anna", "bob"], to: id)
                }
            }
        }
    }

    /// Deletes anna in a process that ends after the first transaction, with which one of her subscriptions has gone.
    private func deleteInterrupted(_ installation: TestInstallation) async throws {
        let database = StoppingDatabase(installation.database, afterWrites: 1)
        let node = TestInstallation(database: database, clock: installation.clock, random: installation.random)
        let call = try await installation.call(idempotencyKey: .example())
        let refused = await refusal { try await node.accounts.delete([Self.anna], for: call, batch: 1) }
        #expect(refused?.code == .internalFault)
        #expect(try await installation.count("unsubscribing_accounts") == 1)
    }

    @Test("a deleted account's subscriptions are gone and counted out; others' stay", arguments: StorageEngine.enabled)
    func deleted(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)

            _ = try await installation.accounts.delete([Self.anna], for: installation.call())

            #expect(try await counts(installation) == [1, 1, 1])
            #expect(try await installation.subscriberNames(of: ChannelID("@TOA#_2")) == ["bob"])
            #expect(try await installation.subscribedChannels(of: "bob").total == 3)
            #expect(try await installation.count("subscriptions") == 3)
            #expect(try await installation.count("unsubscribing_accounts") == 0)
        }
    }

    @Test("accounts go in one transaction with their subscriptions", arguments: StorageEngine.enabled)
    func atOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let database = StoppingDatabase(installation.database, afterWrites: 1)
            let node = TestInstallation(database: database, clock: installation.clock, random: installation.random)

            _ = try await node.accounts.delete([Self.anna, UserID("bob")], for: installation.call())

            #expect(try await counts(installation) == [0, 0, 0])
            #expect(try await installation.count("unsubscribing_accounts") == 0)
            let ids = [Self.anna, UserID("bob")]
            #expect(try await installation.accounts.imported(among: ids, of: installation.application()).isEmpty)
        }
    }

    @Test("channels that it owns stay, with their subscribers", arguments: StorageEngine.enabled)
    func ownedChannels(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna", "bob")
            _ = try await installation.createChannel(.example(owner: Self.anna))
            _ = try await installation.subscribe("anna", "bob")

            _ = try await installation.accounts.delete([Self.anna], for: installation.call())

            let channel = try #require(try await installation.findChannel())
            #expect(channel.owner == Self.anna)
            #expect(channel.subscribers == 1)
            _ = try await installation.send(.example())
        }
    }

    @Test("several accounts go at once, in one application only", arguments: StorageEngine.enabled)
    func several(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            _ = try await installation.accounts.importAll([.example()], for: installation.call(of: .other))
            _ = try await installation.channels.create(.example(), for: installation.call(of: .other))
            _ = try await installation.subscribers.add(["anna"], to: .news, for: installation.call(of: .other))

            _ = try await installation.accounts.delete([Self.anna, UserID("bob")], for: installation.call())

            #expect(try await counts(installation) == [0, 0, 0])
            #expect(try await installation.numbers("SELECT app FROM subscriptions") == [SDKAppID.other.rawValue])
        }
    }

    @Test("more subscriptions than one batch all go", arguments: StorageEngine.enabled)
    func manyBatches(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation, channels: 1100)

            _ = try await installation.accounts.delete([Self.anna], for: installation.call())

            #expect(try await counts(installation) == Array(repeating: 1, count: 1100))
            #expect(try await installation.count("subscriptions") == 1100)
        }
    }

    @Test("asking again goes on with what was interrupted", arguments: StorageEngine.enabled)
    func askedAgain(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            try await deleteInterrupted(installation)

            let call = try await installation.call(idempotencyKey: .example())
            let deletions = try await installation.accounts.delete([Self.anna], for: call)

            #expect(deletions == [.deleted])
            #expect(try await counts(installation) == [1, 1, 1])
        }
    }

    @Test("a batch takes as many as it says", arguments: StorageEngine.enabled)
    func batches(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation, channels: 6)
            try await deleteInterrupted(installation)

            var left: [Int64] = []
            while try await installation.accounts.unsubscribeDeleted(of: .example, batch: 2) > 0 {
                left.append(try await counts(installation).reduce(0, +))
            }

            #expect(left == [9, 7, 6])
        }
    }

    @Test("what a crash left is finished by the sweep", arguments: StorageEngine.enabled)
    func interrupted(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            try await deleteInterrupted(installation)

            try await installation.systems.sweep.run()

            #expect(try await counts(installation) == [1, 1, 1])
            #expect(try await installation.subscriberNames(of: ChannelID("@TOA#_1")) == ["bob"])
            #expect(try await installation.count("unsubscribing_accounts") == 0)
        }
    }

    @Test(
        "a subscription to a channel that was destroyed meanwhile is counted out of no other",
        arguments: StorageEngine.enabled
    )
    func destroyedMeanwhile(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation, channels: 1)
            _ = try await installation.createChannel()
            _ = try await installation.subscribe("anna", "bob")
            try await deleteInterrupted(installation)
            try await installation.recreateChannel()
            _ = try await installation.subscribe("bob")

            try await installation.systems.sweep.run()

            #expect(try await counts(installation) == [1, 1])
            #expect(try await installation.count("subscriptions") == 2)
        }
    }

    /// The call began before the subscription and its transaction comes after it.
    @Test("a subscription that is newer than the deletion's call goes too", arguments: StorageEngine.enabled)
    func overtaken(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.importAccounts("anna")
            let deletion = try await installation.call()
            installation.clock.advance(milliseconds: 5)
            _ = try await installation.subscribe("anna")

            _ = try await installation.accounts.delete([Self.anna], for: deletion)

            #expect(try await counts(installation) == [0])
            #expect(try await installation.count("subscriptions") == 0)
        }
    }

    @Test(
        "an account that is imported again has its own subscriptions, however late the old ones are swept",
        arguments: StorageEngine.enabled,
        [Int64(0), 1, 1000]
    )
    func reimported(engine: StorageEngine, later: Int64) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            try await fill(installation)
            try await deleteInterrupted(installation)
            installation.clock.advance(milliseconds: later)
            try await installation.importAccounts("anna")

            #expect(try await installation.subscribedChannels(of: "anna").total == 0)
            let results = try await installation.subscribe(["anna"], to: ChannelID("@TOA#_2"))
            try await installation.systems.sweep.run()

            #expect(results == [.subscribed])
            #expect(try await counts(installation) == [1, 2, 1])
            let found = try await installation.subscribedChannels(of: "anna")
            #expect(found.items.map(\.channel.id) == [ChannelID("@TOA#_2")])
        }
    }

    @Test(
        "what an interrupted deletion left goes in batches before the name is imported again",
        arguments: StorageEngine.enabled
    )
    func finishedInBatches(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation, channels: 600)
            try await deleteInterrupted(installation)
            let before = try await installation.count("subscriptions")

            // A process that ends after one more transaction.
            let database = StoppingDatabase(installation.database, afterWrites: 1)
            let node = TestInstallation(database: database, clock: installation.clock, random: installation.random)
            _ = await refusal {
                try await node.accounts.import(NewAccount(id: Self.anna), for: installation.call())
            }

            #expect(try await before - installation.count("subscriptions") == 500)
            #expect(
                try await installation.accounts.imported(among: [Self.anna], of: installation.application()).isEmpty
            )
        }
    }

    @Test("an account that is made an admin again has none of the old subscriptions", arguments: StorageEngine.enabled)
    func readmitted(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            try await deleteInterrupted(installation)

            _ = try await installation.applications.addAdmin(Self.anna, to: .example, by: installation.operation())

            #expect(try await installation.subscribedChannels(of: "anna").total == 0)
            #expect(try await counts(installation) == [1, 1, 1])
        }
    }
}

import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// A channel that is made under the ID of a destroyed one has nothing of it (spec/official-channels.md A.3).
@Suite struct ChannelIncarnationsTests {
    /// A channel with broadcasts, one of them recalled, and subscribers.
    private func fill(_ installation: TestInstallation, id: ChannelID = .news) async throws {
        try await installation.liftBroadcastLimits()
        _ = try await installation.createChannel(.example(id: id))
        try await installation.importSubscribers(["anna", "bob"], to: id)
        let keys = try await installation.sendMany(3, to: id)
        _ = try await installation.recall(keys[0].rawValue, in: id)
    }

    @Test("it has no subscribers, no history and no past", arguments: StorageEngine.enabled)
    func fresh(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let old = try #require(try await installation.findChannel())
            installation.clock.advance(seconds: 5)

            try await installation.recreateChannel()

            let new = try #require(try await installation.findChannel())
            #expect(new.incarnation != old.incarnation)
            #expect((new.subscribers, new.headSeq, new.eventSeq, new.lastMessageSeconds) == (0, 0, 0, 0))
            #expect(try await installation.subscriberNames() == [])
            #expect(try await installation.history(withRecalled: true).broadcasts == [])
            #expect(try await installation.unsubscribe("anna") == [.notSubscribed])
            #expect(try await installation.recall("2_1_1767225600") == [.messageNotFound])
        }
    }

    @Test(
        "its numbers begin with 1, its old subscribers may come again, old broadcasts are no duplicates",
        arguments: StorageEngine.enabled
    )
    func restarts(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            try await installation.recreateChannel()

            let key = try await installation.send(.example("m2"))
            let results = try await installation.subscribe("anna", "bob")

            #expect(key.seq == 1)
            #expect(results == [.subscribed, .subscribed])
            #expect(try await installation.history().broadcasts.map(\.text) == ["m2"])
        }
    }

    @Test(
        "what the destroyed one left is swept, and nothing of the new one or of others",
        arguments: StorageEngine.enabled
    )
    func swept(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let other = ChannelID("@TOA#_other")
            try await fill(installation)
            try await fill(installation, id: other)
            try await installation.recreateChannel()
            _ = try await installation.subscribe("anna")
            _ = try await installation.send(.example("new"))
            #expect(try await installation.count("broadcasts") == 7)

            try await installation.systems.sweep.run()

            #expect(try await installation.count("broadcasts") == 4)
            #expect(try await installation.count("subscriptions") == 3)
            #expect(try await installation.count("destroyed_channels") == 0)
            #expect(try await installation.subscriberNames() == ["anna"])
            #expect(try await installation.history().broadcasts.map(\.text) == ["new"])
            #expect(try await installation.history(of: other).numbers == [2, 3])
            #expect(try await installation.subscriberNames(of: other) == ["anna", "bob"])
        }
    }

    @Test(
        "three destroyed ones of one ID are swept like one, more rows than a batch too",
        arguments: StorageEngine.enabled
    )
    func sweptInBatches(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let names = (0..<1300).map { "user_\($0)" }
            try await installation.importSubscribers(names)
            for _ in 0..<3 {
                try await installation.recreateChannel()
                try await installation.importSubscribers(["user_1", "user_2"])
            }
            #expect(try await installation.count("destroyed_channels") == 3)

            try await installation.systems.sweep.run()

            #expect(try await installation.count("subscriptions") == 2)
            #expect(try await installation.count("destroyed_channels") == 0)
        }
    }

    @Test("a sweep that is interrupted goes on where it was", arguments: StorageEngine.enabled, 0...5)
    func interrupted(engine: StorageEngine, writes: Int) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            try await installation.channels.destroy(.news, for: installation.call())
            let stopping = StoppingDatabase(installation.database, afterWrites: writes)
            let node = TestInstallation(database: stopping, clock: installation.clock)
            _ = await refusal { try await node.systems.sweep.run() }

            try await installation.systems.sweep.run()

            #expect(try await installation.count("subscriptions") == 0)
            #expect(try await installation.count("broadcasts") == 0)
            #expect(try await installation.count("destroyed_channels") == 0)
        }
    }
}

import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// The channels that a user subscribes to (spec/official-channels.md B.9).
@Suite struct SubscribedChannelsTests {
    private static let ids = (1...5).map { ChannelID("@TOA#_\($0)") }

    /// Makes five channels and subscribes anna to each, a second after the other.
    private func fill(_ installation: TestInstallation) async throws {
        try await installation.importAccounts("anna", "bob")
        for id in Self.ids {
            _ = try await installation.createChannel(.example(id: id, profile: .example(name: id.rawValue)))
            _ = try await installation.subscribe(["anna"], to: id)
            installation.clock.advance(seconds: 1)
        }
    }

    @Test("the newest subscription comes first, with what is noted about it", arguments: StorageEngine.enabled)
    func newestFirst(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            try await installation.subscribers.setCustomString(
                "vip",
                of: "anna",
                in: Self.ids[3],
                for: installation.call()
            )

            let found = try await installation.subscribedChannels(of: "anna")

            #expect(found.total == 5)
            #expect(found.items.map(\.channel.id) == Self.ids.reversed())
            #expect(found.items.map(\.channel.profile.name) == Self.ids.reversed().map(\.rawValue))
            #expect(found.items.map(\.channel.subscribers) == [1, 1, 1, 1, 1])
            #expect(found.items.map(\.subscription.customString) == ["", "vip", "", "", ""])
            let seconds = found.items.map { $0.subscription.subscribedAt.seconds - ManualClock.start.seconds }
            #expect(seconds == [4, 3, 2, 1, 0])
        }
    }

    @Test(
        "a page begins at its offset and ends with its limit",
        arguments: StorageEngine.enabled,
        [
            (offset: 0, limit: 2, expected: [5, 4]), (2, 2, [3, 2]), (4, 2, [1]), (5, 2, []), (0, 5, [5, 4, 3, 2, 1]),
            (Int64.max, 200, []),
        ] as [(offset: Int64, limit: Int64, expected: [Int])]
    )
    func offsets(
        engine: StorageEngine,
        row: (offset: Int64, limit: Int64, expected: [Int])
    ) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)

            let found = try await installation.subscribedChannels(of: "anna", offset: row.offset, limit: row.limit)

            #expect(found.items.map(\.channel.id) == row.expected.map { Self.ids[$0 - 1] })
            #expect(found.total == 5)
        }
    }

    @Test("those of one moment have an order, so that pages of one meet each once", arguments: StorageEngine.enabled)
    func sameMoment(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna")
            for id in Self.ids {
                _ = try await installation.createChannel(.example(id: id))
                _ = try await installation.subscribe(["anna"], to: id)
            }

            var found: [ChannelID] = []
            for offset in Int64(0)..<5 {
                found += try await installation.subscribedChannels(of: "anna", offset: offset, limit: 1).items
                    .map(\.channel.id)
            }

            #expect(found.sorted() == Self.ids)
        }
    }

    @Test("a destroyed channel vanishes at once, from the count too", arguments: StorageEngine.enabled)
    func destroyed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)

            try await installation.channels.destroy(Self.ids[2], for: installation.call())

            let found = try await installation.subscribedChannels(of: "anna")
            #expect(found.items.map(\.channel.id) == [5, 4, 2, 1].map { Self.ids[$0 - 1] })
            #expect(found.total == 4)
        }
    }

    @Test("a channel that was made again is not one that the user subscribes to", arguments: StorageEngine.enabled)
    func recreated(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            try await installation.recreateChannel(.example(id: Self.ids[4]))

            let found = try await installation.subscribedChannels(of: "anna", limit: 1)
            #expect(found.items.map(\.channel.id) == [Self.ids[3]])
            #expect(found.total == 4)

            _ = try await installation.subscribe(["anna"], to: Self.ids[4])
            let again = try await installation.subscribedChannels(of: "anna")
            #expect(again.items.map(\.channel.id) == Self.ids.reversed())
        }
    }

    @Test("a user who left is not listed with it, and another has his own list", arguments: StorageEngine.enabled)
    func left(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            _ = try await installation.subscribe(["bob"], to: Self.ids[0])
            _ = try await installation.unsubscribe("anna", from: Self.ids[0])

            let (anna, bob) = try await (
                installation.subscribedChannels(of: "anna"), installation.subscribedChannels(of: "bob")
            )

            #expect(anna.items.map(\.channel.id) == Self.ids.dropFirst().reversed())
            #expect(bob.items.map(\.channel.id) == [Self.ids[0]])
        }
    }

    @Test(
        "a user without subscriptions has an empty list; one who is not imported has none",
        arguments: StorageEngine.enabled
    )
    func nobody(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna")

            let found = try await installation.subscribedChannels(of: "anna")
            #expect(found.items.isEmpty)
            #expect(found.total == 0)
            for name in ["nobody", "no user ID", ""] {
                let error = await refusal { try await installation.subscribedChannels(of: name) }
                #expect(error?.code == .accountNotImported)
            }
        }
    }
}

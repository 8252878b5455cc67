import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// What an account subscribes to and what it owns, page by page.
@Suite struct AccountChannelsTests {
    private static let anna = UserID("anna")
    private static let ids = (1...5).map { ChannelID("@TOA#_\($0)") }

    /// Makes five channels that anna owns and subscribes to, the last two at one moment, and one of the administrator.
    private func fill(_ installation: TestInstallation) async throws {
        try await installation.importAccounts("anna", "bob")
        for (position, id) in Self.ids.enumerated() {
            let new = NewChannel.example(id: id, owner: Self.anna, profile: .example(name: "no. \(position + 1)"))
            _ = try await installation.channels.create(new, for: installation.call())
            _ = try await installation.subscribe(["anna"], to: id)
            if position < 3 { installation.clock.advance(seconds: 1) }
        }
        _ = try await installation.channels.create(.example(), for: installation.call())
        _ = try await installation.subscribe(["bob"], to: Self.ids[0])
    }

    @Test("subscriptions come newest first, each once, whatever the size of a page", arguments: StorageEngine.enabled)
    func subscriptions(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            for limit in [1, 2, 5, 6] {
                var found: [AccountSubscription] = []
                while true {
                    let page = try await installation.subscribers.subscriptions(
                        of: Self.anna,
                        before: found.last.map { ($0.subscribedAt, $0.channel.rawValue) },
                        limit: limit,
                        in: .example
                    )
                    if page.isEmpty { break }
                    found += page
                }
                #expect(found.map(\.channel) == Self.ids.reversed())
                #expect(found.map(\.channelName) == ["no. 5", "no. 4", "no. 3", "no. 2", "no. 1"])
                #expect(found.allSatisfy { $0.messageFlag == .acceptAndNotify })
            }
        }
    }

    @Test("a channel that was destroyed is neither subscribed to nor owned", arguments: StorageEngine.enabled)
    func destroyed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            try await installation.channels.destroy(Self.ids[1], for: installation.call())

            let subscriptions = try await installation.subscribers.subscriptions(
                of: Self.anna,
                limit: 10,
                in: .example
            )
            let owned = try await installation.channels.owned(by: Self.anna, limit: 10, in: .example)

            #expect(subscriptions.map(\.channel) == [4, 3, 2, 0].map { Self.ids[$0] })
            #expect(owned.map(\.id) == [4, 3, 2, 0].map { Self.ids[$0] })
        }
    }

    @Test(
        "owned channels come newest first, with their subscribers, those of the owner alone",
        arguments: StorageEngine.enabled
    )
    func owned(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)

            let first = try await installation.channels.owned(by: Self.anna, limit: 3, in: .example)
            let last = try #require(first.last)
            let second = try await installation.channels.owned(
                by: Self.anna,
                before: (last.createdAt, last.id.rawValue),
                limit: 3,
                in: .example
            )

            #expect((first + second).map(\.id) == Self.ids.reversed() && first.count == 3)
            #expect(second.map(\.subscribers) == [1, 2] && second[1].name == "no. 1")
            #expect(try await installation.channels.owned(by: UserID("bob"), limit: 3, in: .example) == [])
            #expect(try await installation.channels.owned(by: Self.anna, limit: 3, in: .other) == [])
        }
    }
}

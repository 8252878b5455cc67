import Chat
import ChatProtocol
import EventBus
import RostrumTesting
import Testing

/// What the storage says of users who are connected, for nodes that may have missed something.
@Suite struct StandingTests {
    private func standings(
        _ installation: TestInstallation,
        _ names: String...
    ) async throws -> [UserID: Timeline.Standing] {
        try await installation.timeline.standings(of: names.map { UserID($0) }, in: .example)
    }

    @Test("what each user follows, and that an account is gone", arguments: StorageEngine.enabled)
    func followed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            try await installation.prepareChannel(ChannelID("@TOA#_tides"), importing: ["chen"])
            _ = try await installation.subscribe("anna", "bob")
            _ = try await installation.subscribe("anna", to: ChannelID("@TOA#_tides"))
            try await installation.subscribers.setMessageFlag(.discard, in: .news, for: installation.ownCall())
            _ = try await installation.accounts.delete([.bob], for: installation.call())

            let found = try await standings(installation, "anna", "bob", "chen", "nobody")

            #expect(Set(found.keys) == [.anna, UserID("chen")])
            #expect(found[UserID("chen")]?.followed.isEmpty == true)
            let own = try await installation.timeline.followed(by: .anna, of: .example) ?? []
            #expect(own.count == 2)
            let together = found[.anna]?.followed ?? []
            for channel in own {
                let same = together.first { $0.reference == channel.reference }
                #expect(same?.position == channel.position)
                #expect(same?.discards == channel.discards)
                #expect(same?.version == channel.version)
            }
            #expect(together.map(\.discards).contains(true))
            // Both came by the first change of the news; then anna set her flag, and bob's account was deleted.
            #expect(together.map(\.version).sorted() == [1, 2])
            #expect(try await standings(installation).isEmpty)
        }
    }

    @Test("up to when UserSigs are void", arguments: StorageEngine.enabled)
    func kicks(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna", "bob")
            try await installation.accounts.kick(.anna, for: installation.call())

            let found = try await standings(installation, "anna", "bob")

            #expect(found[.anna]?.signaturesVoidUntil == installation.clock.now.seconds)
            #expect(found[.bob]?.signaturesVoidUntil == nil)
        }
    }

    @Test("a subscription is told from the last post before it on", arguments: StorageEngine.enabled)
    func subscription(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let reference = try await installation.reference()
            guard case .notSubscribed(0) = try await own(reference, installation) else {
                Issue.record("subscribed before she was")
                return
            }
            for random in Int64(1)...3 { try await send(random, installation) }
            _ = try await installation.subscribe("anna")
            try await send(4, installation)

            let found = try await own(reference, installation)
            guard case .subscribed(let followed, let parameters) = found else {
                Issue.record("\(found)")
                return
            }
            #expect(followed.reference == reference)
            #expect(followed.position == ChannelPosition(3, 3))
            #expect(!followed.discards && followed.version == 1)
            let item = try JSONValue(parsing: parameters.span.bytes)
            #expect(item["HeadMsgSeq"]?.integer == 3)
            #expect(item["Official_Account"]?.text == ChannelID.news.rawValue)
            let other = ChannelReference(application: .example, channel: .news, incarnation: reference.incarnation ^ 1)
            guard case .channelGone = try await own(other, installation) else {
                Issue.record("another incarnation is another channel")
                return
            }
        }
    }

    @Test(
        "a subscription has its flag, and one that has ended the number of a change",
        arguments: StorageEngine.enabled
    )
    func changedSubscription(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let reference = try await installation.reference()
            _ = try await installation.subscribe("anna")
            try await installation.subscribers.setMessageFlag(.discard, in: .news, for: installation.ownCall())

            let discarding = try await own(reference, installation)
            guard case .subscribed(let followed, _) = discarding else {
                Issue.record("\(discarding)")
                return
            }
            #expect(followed.discards && followed.version == 2)
            _ = try await installation.unsubscribe("anna")
            _ = try await installation.subscribe("bob")
            guard case .notSubscribed(4) = try await own(reference, installation) else {
                Issue.record("as of the channel's newest change")
                return
            }
            let wanted = ["bob", "anna", "bob"].map {
                Timeline.UserAndChannel(user: UserID($0), reference: reference)
            }
            let found = try await installation.timeline.ownSubscriptions(wanted)
            #expect(found.map { if case .subscribed = $0 { true } else { false } } == [true, false, true])
        }
    }

    private func own(
        _ reference: ChannelReference,
        _ installation: TestInstallation
    ) async throws -> Timeline.OwnSubscription {
        let wanted = [Timeline.UserAndChannel(user: .anna, reference: reference)]
        return try #require(try await installation.timeline.ownSubscriptions(wanted).first)
    }

    private func send(_ random: Int64, _ installation: TestInstallation) async throws {
        _ = try await installation.broadcasts.send(
            NewBroadcast(channel: .news, random: random, body: .example()),
            for: installation.call()
        )
    }

    @Test("nodes that start at once find the same identity, which stays", arguments: StorageEngine.enabled)
    func identity(engine: StorageEngine) async throws {
        try await engine.withDatabase { database in
            let found = try await withThrowingTaskGroup(of: String.self) { group in
                for seed in UInt64(1)...10 {
                    group.addTask {
                        try await InstallationIdentity.find(in: database, random: SeededRandom(seed: seed))
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }

            #expect(found.count == 1)
            #expect(found.first?.wholeMatch(of: /[0-9a-f]{16}/) != nil)
        }
    }
}

import Chat
import ChatProtocol
import EventBus
import RostrumTesting
import Testing

/// What live connections read from the storage: what a user follows, where channels stand, what they missed.
@Suite struct TimelineTests {
    private static let other = ChannelID("@TOA#_other")

    // What a user follows.

    @Test(
        "every channel that a user subscribes to, with where it stands and his flag",
        arguments: StorageEngine.enabled
    )
    func followed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            for id in [Self.other, ChannelID("@TOA#_third")] {
                _ = try await installation.createChannel(.example(id: id))
            }
            _ = try await installation.subscribe("anna", "bob")
            _ = try await installation.subscribe(["anna"], to: Self.other)
            _ = try await installation.sendMany(2, to: Self.other)
            try await installation.channels.modify(Self.other, .example(name: "N"), for: installation.call())
            try await installation.subscribers.setMessageFlag(.discard, in: .news, for: installation.ownCall())
            try await installation.subscribers.setMessageFlag(
                .acceptNotNotify,
                in: Self.other,
                for: installation.ownCall()
            )

            let found = try #require(try await installation.timeline.followed(by: .anna, of: .example))

            let byChannel = Dictionary(uniqueKeysWithValues: found.map { ($0.reference.channel, $0) })
            #expect(Set(byChannel.keys) == [.news, Self.other])
            let references = [try await installation.reference(), try await installation.reference(Self.other)]
            #expect(Set(found.map(\.reference)) == Set(references))
            #expect(byChannel[.news]?.position == ChannelPosition(0, 0) && byChannel[.news]?.discards == true)
            #expect(byChannel[Self.other]?.position == ChannelPosition(2, 3))
            #expect(byChannel[Self.other]?.discards == false)
        }
    }

    @Test(
        "who is not imported follows nothing, and is told apart from who just does not",
        arguments: StorageEngine.enabled
    )
    func followsNothing(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel(importing: ["anna", "bob"])
            _ = try await installation.subscribe("anna", "bob")
            try await installation.recreateChannel()
            _ = try await installation.accounts.delete([.bob], for: installation.call())

            let (anna, bob) = (
                try await installation.timeline.followed(by: .anna, of: .example),
                try await installation.timeline.followed(by: .bob, of: .example)
            )

            #expect(anna?.isEmpty == true, "what he followed was another channel of that ID")
            #expect(bob == nil)
            #expect(try await installation.timeline.followed(by: .anna, of: .other) == nil)
        }
    }

    // Heads.

    @Test("heads of many channels, of those that are there", arguments: StorageEngine.enabled)
    func heads(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            let ids = (0..<405).map { ChannelID("@TOA#_c\($0)") }
            for id in ids { _ = try await installation.createChannel(.example(id: id)) }
            _ = try await installation.channels.create(.example(id: ids[3]), for: installation.call(of: .other))
            let elsewhere = try #require(
                try await installation.channels.find(
                    [ids[3]],
                    of: installation.application(.other),
                    at: ManualClock.start
                )[0]
            ).reference(of: .other)
            var references: [ChannelReference] = []
            for id in ids { references.append(try await installation.reference(id)) }
            _ = try await installation.sendMany(2, to: ids[3])
            try await installation.channels.modify(ids[404], .example(name: "N"), for: installation.call())
            try await installation.channels.destroy(ids[1], for: installation.call())
            try await installation.recreateChannel(.example(id: ids[2]))

            let heads = try await installation.timeline.heads(of: references + [elsewhere])

            #expect(references.filter { heads[$0] == nil } == [references[1], references[2]])
            #expect(heads[references[3]] == ChannelPosition(2, 2))
            #expect(heads[references[404]] == ChannelPosition(0, 1))
            #expect(heads[elsewhere] == ChannelPosition(0, 0))
            #expect(try await installation.timeline.heads(of: []) == [:])
        }
    }

    // Events.

    /// A post, an online-only one, a dropped one, two changes of the profile, a post, its recall.
    private func live(_ installation: TestInstallation) async throws {
        try await installation.setWebhooks([.beforeSend])
        installation.backend.answer("BeforeSendMsg", with: .accepted, .accepted, .verdict(2), .accepted)
        _ = try await installation.send(.example("one", cloudCustomData: "{}"))
        _ = try await installation.send(.example("online").with { $0.isOnlineOnly = true })
        _ = try await installation.send(.example("dropped"))
        try await installation.channels.modify(.news, .example(name: "First"), for: installation.call())
        try await installation.channels.modify(.news, .example(name: "Second"), for: installation.call())
        let key = try await installation.send(.example("recalled"))
        _ = try await installation.recall(key.rawValue, reason: "wrong pier")
    }

    @Test(
        "the storage has each event as it was told, but for what nobody can have any more",
        arguments: StorageEngine.enabled
    )
    func events(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let heard = installation.listen()
            try await live(installation)
            let told = heard.channelEvents

            for start in 0...told.count {
                let position = start == 0 ? ChannelPosition(0, 0) : told[start - 1].position
                let events = try await installation.events(after: position)
                let expected = told[start...]

                #expect(events?.map(\.position) == expected.map(\.position))
                #expect(events?.allSatisfy { $0.reference == told[0].reference } == true)
                for (event, live) in zip(events ?? [], expected) {
                    switch live.position.eventSeq {
                    case 1, 7: #expect(event.notification == live.notification)
                    case 5:
                        #expect(event.notification?.kind == .infoChanged)
                        let item = JSONValue(event.parameters ?? "null")
                        #expect(item["Name"]?.text == "Second" && item["EventSeq"]?.integer == 5)
                    default: #expect(event.notification == nil, "\(live.position.eventSeq)")
                    }
                }
            }
            #expect(told.map(\.position.messageSeq) == [1, 2, 3, 3, 3, 4, 4])
        }
    }

    @Test("events carry when they came about", arguments: StorageEngine.enabled)
    func times(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let key = try await installation.send(.example())
            installation.clock.advance(seconds: 5)
            _ = try await installation.recall(key.rawValue)
            installation.clock.advance(seconds: 5)

            let events = try await installation.events(after: ChannelPosition(0, 0))

            #expect(events?.map { $0.committedAt - ManualClock.start.milliseconds } == [0, 5000])
        }
    }

    @Test("at most so many are read at once, and reading goes on after them", arguments: StorageEngine.enabled)
    func bounded(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            try await live(installation)
            let timeline = Timeline(
                database: installation.database,
                generation: installation.systems.generation,
                mostEvents: 3
            )

            var pages: [[Int64]] = []
            var position = ChannelPosition(0, 0)
            repeat {
                let page = try #require(try await installation.events(after: position, by: timeline))
                pages.append(page.map(\.position.eventSeq))
                position = page.last?.position ?? position
            } while pages.last?.isEmpty == false

            #expect(pages == [[1, 2, 3], [4, 5, 6], [7], []])
        }
    }

    @Test("a channel that is gone has no events, another of its ID has its own", arguments: StorageEngine.enabled)
    func gone(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.send(.example())
            let reference = try await installation.reference()
            try await installation.recreateChannel()

            let old = try await installation.events(of: reference, after: ChannelPosition(0, 0))
            let new = try await installation.events(after: ChannelPosition(0, 0))
            try await installation.channels.destroy(.news, for: installation.call())
            let none = try await installation.events(of: reference, after: ChannelPosition(0, 0))

            #expect(old == nil && none == nil)
            #expect(new == [])
        }
    }

    @Test("what has expired is an event without content, swept or not", arguments: StorageEngine.enabled)
    func expired(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.send(.example("old"))
            installation.clock.advance(seconds: 7 * 86_400)
            _ = try await installation.send(.example("new"))

            let unswept = try await installation.events(after: ChannelPosition(0, 0))
            try await installation.systems.sweep.run()
            let swept = try await installation.events(after: ChannelPosition(0, 0))

            #expect(unswept?.map(\.notification?.kind) == [nil, .message])
            #expect(swept == unswept)
        }
    }
}

extension TestInstallation {
    /// The events of a channel after a position.
    func events(
        of reference: ChannelReference? = nil,
        after position: ChannelPosition,
        by timeline: Timeline? = nil
    ) async throws -> [TimelineEvent]? {
        let meant = if let reference { reference } else { try await self.reference() }
        return try await (timeline ?? self.timeline).events(
            in: meant,
            after: position,
            of: application(),
            at: clock.now
        )
    }
}

import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// What a subscriber who was away is told that he missed, and when the server refuses to say
/// (docs/subscriber-protocol.md).
@Suite struct ResumeTests {
    private static let hour: Int64 = 3600

    @Test("who has everything misses nothing", arguments: StorageEngine.enabled)
    func nothing(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            _ = try await installation.sendMany(2)
            let epoch = try await installation.epoch()

            let answer = try await installation.resume(from: 2, 2)

            #expect(answer.text == #"{"messages":[],"Epoch":"\#(epoch)","MsgSeq":2,"EventSeq":2}"#)
            #expect(try await installation.resume(from: 2).text == answer.text, "EventSeq may be left out")
        }
    }

    @Test("what is missing comes in order, in the notifications' own words", arguments: StorageEngine.enabled)
    func missing(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            let heard = installation.listen()
            let first = try await installation.sendMany(3)[0]
            _ = try await installation.recall(first.rawValue, reason: "wrong pier")
            try await installation.channels.modify(.news, .example(name: "Bulletin"), for: installation.call())
            let told = heard.channelEvents.compactMap(\.parameters)
            let epoch = try await installation.epoch()

            let answer = try await installation.resume(from: 1, 1)

            #expect(
                answer.text == #"{"messages":[\#(told[1]),\#(told[2])],"revoked":[\#(told[3])],"#
                    + #""infoChanged":\#(told[4]),"Epoch":"\#(epoch)","MsgSeq":3,"EventSeq":5}"#
            )
        }
    }

    @Test("only what is after the position comes, of each kind", arguments: StorageEngine.enabled)
    func parts(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            let first = try await installation.sendMany(2)[0]
            _ = try await installation.recall(first.rawValue)
            try await installation.channels.modify(.news, .example(name: "Bulletin"), for: installation.call())
            _ = try await installation.send(.example("last"))

            #expect(try await installation.resume(from: 2, 2).seen == Seen([3], revoked: [1], hasInfo: true))
            #expect(try await installation.resume(from: 2, 3).seen == Seen([3], hasInfo: true))
            #expect(try await installation.resume(from: 2, 4).seen == Seen([3]))
            #expect(try await installation.resume(from: 3, 5).seen == Seen([]))
            #expect(try await installation.resume(from: 0, 0).seen == Seen([2, 3], revoked: [1], hasInfo: true))
        }
    }

    @Test("posts before an event that is known are not hidden by it", arguments: StorageEngine.enabled)
    func behindAnEvent(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            let first = try await installation.sendMany(3)[0]
            _ = try await installation.recall(first.rawValue)
            try await installation.channels.modify(.news, .example(name: "Bulletin"), for: installation.call())

            #expect(try await installation.resume(from: 1, 5).seen == Seen([2, 3]))
            #expect(try await installation.resume(from: 1, 4).seen == Seen([2, 3], hasInfo: true))
            #expect(try await installation.resume(from: 3, 5).seen == Seen([]))

            // Of the events between, however many there are, none is read again one by one.
            let short = Timeline(
                database: installation.database,
                generation: installation.systems.generation,
                mostEvents: 4
            )
            for number in 0..<20 {
                try await installation.channels.modify(
                    .news,
                    .example(name: "Bulletin \(number)"),
                    for: installation.call()
                )
            }
            let last = try await installation.send(.example("last")).seq
            #expect(try await installation.resume(from: last - 1, 25, by: short).seen == Seen([last]))
            #expect(try await installation.resume(from: 1, 25, by: short).isReload)
        }
    }

    @Test("without an EventSeq, what came after the post counts as missing", arguments: StorageEngine.enabled)
    func withoutEvent(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            try await installation.channels.modify(.news, .example(name: "Bulletin"), for: installation.call())
            let keys = try await installation.sendMany(2).map(\.rawValue)
            _ = try await installation.recall(keys[0])

            #expect(try await installation.resume(from: 2).seen == Seen([], revoked: [1]))
            #expect(try await installation.resume(from: 1).seen == Seen([2], revoked: [1]))
            #expect(try await installation.resume(from: 0).seen == Seen([2], revoked: [1], hasInfo: true))
        }
    }

    @Test(
        "a post that was recalled in the gap never shows its content, only that it is gone",
        arguments: StorageEngine.enabled
    )
    func recalledInGap(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            let key = try await installation.send(.example("the secret", cloudCustomData: "the secret"))
            _ = try await installation.recall(key.rawValue)

            let answer = try await installation.resume(from: 0, 0)

            #expect(!answer.text.contains("the secret"))
            #expect(answer.seen == Seen([], revoked: [1]))
            #expect(answer.position?.at == ChannelPosition(1, 2))
        }
    }

    @Test("what was online-only or dropped is passed over", arguments: StorageEngine.enabled)
    func passedOver(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            try await installation.setWebhooks([.beforeSend])
            installation.backend.answer("BeforeSendMsg", with: .accepted, .verdict(2), .accepted)
            _ = try await installation.send(.example("online").with { $0.isOnlineOnly = true })
            _ = try await installation.send(.example("dropped"))
            _ = try await installation.send(.example("stored"))

            let answer = try await installation.resume(from: 0, 0)

            #expect(answer.seen == Seen([3]))
            #expect(answer.position?.at == ChannelPosition(3, 3))
        }
    }

    // What cannot be proven.

    @Test(
        "another epoch, or more than there is, is answered with reload and the head",
        arguments: StorageEngine.enabled,
        [
            (epoch: "7e57-0", messageSeq: Int64(1), eventSeq: Int64(1)), ("", 1, 1), ("7e58", 1, 1),
            (nil, 3, 2), (nil, 2, 3), (nil, -1, 0), (nil, 0, -1), (nil, .max, .max), (nil, .min, .min),
        ] as [(epoch: String?, messageSeq: Int64, eventSeq: Int64)]
    )
    func unproven(
        engine: StorageEngine,
        row: (epoch: String?, messageSeq: Int64, eventSeq: Int64)
    ) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            _ = try await installation.sendMany(2)
            let epoch = try await installation.epoch()

            let answer = try await installation.resume(from: row.messageSeq, row.eventSeq, epoch: row.epoch ?? epoch)

            #expect(answer.text == #"{"reload":true,"Epoch":"\#(epoch)","MsgSeq":2,"EventSeq":2}"#)
        }
    }

    @Test("a channel of that ID that is another one is answered with reload", arguments: StorageEngine.enabled)
    func otherIncarnation(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            _ = try await installation.send(.example())
            let old = try await installation.epoch()
            try await installation.recreateChannel()

            let stranger = try await installation.resume(from: 1, 1, epoch: old)
            _ = try await installation.subscribe("anna")
            let subscriber = try await installation.resume(from: 0, 0, epoch: old)

            let epoch = try await installation.epoch()
            #expect(stranger.text == #"{"reload":true}"#)
            #expect(subscriber.text == #"{"reload":true,"Epoch":"\#(epoch)","MsgSeq":0,"EventSeq":0}"#)
        }
    }

    @Test("a storage of another generation is answered with reload", arguments: StorageEngine.enabled)
    func otherGeneration(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            _ = try await installation.send(.example())
            let generation = StorageGeneration("beef", of: installation.database)
            let restored = Timeline(database: installation.database, generation: generation)

            let answer = try await installation.resume(from: 1, 1, by: restored)

            let epoch = try await installation.epoch().replacing("7e57", with: "beef")
            #expect(answer.text == #"{"reload":true,"Epoch":"\#(epoch)","MsgSeq":1,"EventSeq":1}"#)
        }
    }

    @Test("no channel, no subscription, and no account are all the same: reload", arguments: StorageEngine.enabled)
    func notFollowed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            _ = try await installation.send(.example())
            let epoch = try await installation.epoch()

            for (id, user) in [(ChannelID("@TOA#_none"), UserID.anna), (.news, .bob), (.news, UserID("nobody"))] {
                let answer = try await installation.resume(from: 0, 0, epoch: epoch, in: id, for: user)
                #expect(answer.text == #"{"reload":true}"#)
            }
        }
    }

    @Test(
        "posts that have expired cannot be made up for; those that were recalled need not be",
        arguments: StorageEngine.enabled
    )
    func expired(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            let keys = try await installation.sendMany(3).map(\.rawValue)
            _ = try await installation.recall(keys[2])
            installation.clock.advance(seconds: 7 * 24 * Self.hour)
            _ = try await installation.send(.example("new"))

            for isSwept in [false, true] {
                if isSwept { try await installation.systems.sweep.run() }
                #expect(try await installation.resume(from: 1, 1).isReload)
                #expect(try await installation.resume(from: 2, 2).seen == Seen([4], revoked: [3]))
            }
            try await installation.setLimits([.historyDays: 0])
            #expect(try await installation.resume(from: 1, 1).isReload, "what was swept does not come back")
        }
    }

    @Test("up to so many posts and twice as many events are told, more is reload", arguments: StorageEngine.enabled)
    func tooMany(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            let timeline = Timeline(
                database: installation.database,
                generation: installation.systems.generation,
                mostEvents: 3
            )
            let keys = try await installation.sendMany(4).map(\.rawValue)

            #expect(try await installation.resume(from: 0, 0, by: timeline).isReload)
            #expect(try await installation.resume(from: 1, 1, by: timeline).seen == Seen([2, 3, 4]))
            for key in keys.prefix(3) { _ = try await installation.recall(key) }
            #expect(try await installation.resume(from: 1, 1, by: timeline).seen == Seen([4], revoked: [1, 2, 3]))
            try await installation.channels.modify(.news, .example(name: "N"), for: installation.call())
            #expect(try await installation.resume(from: 1, 1, by: timeline).isReload)
            #expect(
                try await installation.resume(from: 4, 2, by: timeline).seen
                    == Seen([], revoked: [1, 2, 3], hasInfo: true)
            )
        }
    }

    // Whose gap it is.

    @Test("what was sent before he subscribed is not owed to him", arguments: StorageEngine.enabled)
    func joinedLater(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            _ = try await installation.sendMany(2)
            _ = try await installation.unsubscribe("anna")
            let secret = try await installation.send(.example("while he was away"))
            _ = try await installation.subscribe("anna")
            _ = try await installation.send(.example("after"))

            let answer = try await installation.resume(from: 1, 1)
            #expect(answer.seen == Seen([4]))
            #expect(!answer.text.contains("while he was away"))
            #expect(answer.position?.at == ChannelPosition(4, 4))
            _ = try await installation.recall(secret.rawValue)
            #expect(try await installation.resume(from: 1, 1).seen == Seen([4], revoked: [3]))
        }
    }

    @Test("what expired before he subscribed does not stand in the way", arguments: StorageEngine.enabled)
    func joinedAfterExpiry(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            _ = try await installation.sendMany(2)
            installation.clock.advance(seconds: 7 * 24 * Self.hour)
            _ = try await installation.unsubscribe("anna")
            _ = try await installation.subscribe("anna")
            _ = try await installation.send(.example("after"))

            #expect(try await installation.resume(from: 0, 0).seen == Seen([3]))
        }
    }

    @Test("who discards a channel's messages is told of its profile alone", arguments: StorageEngine.enabled)
    func discarding(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            let keys = try await installation.sendMany(2).map(\.rawValue)
            _ = try await installation.recall(keys[0])
            try await installation.subscribers.setMessageFlag(.discard, in: .news, for: installation.ownCall())

            let before = try await installation.resume(from: 0, 0)
            try await installation.channels.modify(.news, .example(name: "N"), for: installation.call())
            installation.clock.advance(seconds: 7 * 24 * Self.hour)
            let after = try await installation.resume(from: 0, 0)

            #expect(before.seen == Seen([]) && before.position?.at == ChannelPosition(2, 3))
            #expect(after.seen == Seen([], hasInfo: true), "what expired is nothing that he misses")
            try await installation.subscribers.setMessageFlag(.acceptNotNotify, in: .news, for: installation.ownCall())
            #expect(try await installation.resume(from: 0, 0).isReload)
        }
    }
}

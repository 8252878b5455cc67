import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// Broadcasts are sent, numbered and told apart (spec/official-channels.md B.10).
@Suite struct BroadcastsTests {
    @Test(
        "a channel numbers its broadcasts from 1 without gaps, and each channel its own",
        arguments: StorageEngine.enabled
    )
    func numbers(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let other = ChannelID("@TOA#_other")
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            _ = try await installation.createChannel(.example(id: other))

            let first = try await installation.sendMany(3)
            let elsewhere = try await installation.sendMany(2, to: other)
            let rest = try await installation.send(.example("m4"))

            #expect(first.map(\.seq) == [1, 2, 3])
            #expect(elsewhere.map(\.seq) == [1, 2])
            #expect(rest.seq == 4)
        }
    }

    @Test("a key is made of the number and the server's second", arguments: StorageEngine.enabled)
    func key(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            installation.clock.advance(milliseconds: 5999)

            let key = try await installation.send(.example())

            #expect(key.rawValue == "1_1_1767225605")
            #expect(try await installation.findChannel()?.lastMessageSeconds == 1_767_225_605)
        }
    }

    @Test("of many that send at once each gets a number of its own", arguments: StorageEngine.enabled)
    func numbersAtOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()

            let numbers = try await withThrowingTaskGroup(of: Int64.self) { group in
                for number in 0..<40 {
                    group.addTask { try await installation.send(.example("m\(number)")).seq }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(numbers.sorted() == Array(1...40))
        }
    }

    @Test(
        "a broadcast writes one row, whatever the number of subscribers",
        arguments: StorageEngine.enabled,
        [10, 1000]
    )
    func oneRow(engine: StorageEngine, subscribers: Int) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let names = (0..<subscribers).map { "user_\($0)" }
            for start in stride(from: 0, to: subscribers, by: 500) {
                try await installation.importSubscribers(Array(names[start..<min(start + 500, subscribers)]))
            }
            #expect(try await installation.count("subscriptions") == Int64(subscribers))
            let before = try await rows(of: installation)

            _ = try await installation.send(.example())

            let after = try await rows(of: installation)
            let grown = after.filter { $0.value != before[$0.key] }
            #expect(grown == ["broadcasts": 1, "audit": (before["audit"] ?? 0) + 1])
        }
    }

    /// How many rows each table has.
    private func rows(of installation: TestInstallation) async throws -> [String: Int64] {
        var counts: [String: Int64] = [:]
        for statement in Schema.migrations.flatMap(\.statements) {
            let words = statement.text.split(whereSeparator: \.isWhitespace)
            guard words.starts(with: ["CREATE", "TABLE"]) else { continue }
            counts[String(words[2])] = try await installation.count(String(words[2]))
        }
        return counts
    }

    // The same broadcast again.

    @Test("the same content under the same number is the first one again for 300 s", arguments: StorageEngine.enabled)
    func duplicate(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            let first = try await installation.send(.example(cloudCustomData: "{}"))

            installation.clock.advance(milliseconds: 299_999)
            let again = try await installation.send(.example(cloudCustomData: "{}"))
            #expect(again == first)
            #expect(try await installation.count("broadcasts") == 1)

            installation.clock.advance(milliseconds: 1)
            let later = try await installation.send(.example(cloudCustomData: "{}"))
            #expect(later.rawValue == "2_1_1767225900")
        }
    }

    @Test("a duplicate starts no new time of 300 s", arguments: StorageEngine.enabled)
    func duplicatesDoNotRenew(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            _ = try await installation.send(.example())
            installation.clock.advance(seconds: 200)
            _ = try await installation.send(.example())
            installation.clock.advance(seconds: 100)

            let key = try await installation.send(.example())

            #expect(key.seq == 2)
        }
    }

    @Test(
        "another number, content, cloud data or channel is another broadcast",
        arguments: StorageEngine.enabled,
        [
            NewBroadcast.example(random: 2), .example("Ferry 8 is delayed", random: 1),
            .example(random: 1, cloudCustomData: "x"), .example(to: ChannelID("@TOA#_other"), random: 1),
        ]
    )
    func others(engine: StorageEngine, other: NewBroadcast) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            _ = try await installation.createChannel(.example(id: ChannelID("@TOA#_other")))
            _ = try await installation.send(.example(random: 1))

            _ = try await installation.send(other)

            #expect(try await installation.count("broadcasts") == 2)
        }
    }

    @Test("many retries of one broadcast at once send it once", arguments: StorageEngine.enabled)
    func duplicatesAtOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()

            let keys = try await withThrowingTaskGroup(of: MessageKey.self) { group in
                for _ in 0..<20 { group.addTask { try await installation.send(.example()) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(Set(keys.map(\.rawValue)) == ["1_1_1767225600"])
            #expect(try await installation.count("broadcasts") == 1)
        }
    }

    // What takes a number without being shown.

    @Test(
        "an online-only broadcast takes a number, keeps no content and is not in history",
        arguments: StorageEngine.enabled
    )
    func onlineOnly(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            _ = try await installation.send(.example("a"))
            let online = NewBroadcast.example("b", cloudCustomData: "secret").with { $0.isOnlineOnly = true }

            let key = try await installation.send(online)
            let again = try await installation.send(online)
            _ = try await installation.send(.example("c"))

            #expect(key.seq == 2)
            #expect(again == key)
            #expect(try await installation.history(withRecalled: true).numbers == [1, 3])
            let kept = try await installation.number(
                "SELECT count(*) FROM broadcasts WHERE seq = 2 AND (body IS NOT NULL OR cloud_custom_data IS NOT NULL)"
            )
            #expect(kept == 0)
        }
    }

    @Test("an online-only broadcast that leaves the last message alone is refused", arguments: StorageEngine.enabled)
    func onlineOnlyWithControl(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let new = NewBroadcast.example().with { ($0.isOnlineOnly, $0.updatesLastMessage) = (true, false) }

            #expect(await refusal { try await installation.send(new) }?.code == .parameterInvalid)
            #expect(try await installation.count("broadcasts") == 0)
            _ = try await installation.send(new.with { $0.isOnlineOnly = false })
        }
    }

    @Test(
        "a broadcast that a webhook drops takes a number, moves no last message and is not in history",
        arguments: StorageEngine.enabled
    )
    func dropped(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            try await installation.setWebhooks([.beforeSend])
            _ = try await installation.createChannel()
            _ = try await installation.send(.example("a"))
            installation.clock.advance(seconds: 7)
            installation.backend.answer("BeforeSendMsg", with: .verdict(2))

            let key = try await installation.send(.example("b"))

            #expect(key.rawValue == "2_1_1767225607")
            #expect(try await installation.findChannel()?.lastMessageSeconds == ManualClock.start.seconds)
            let next = try await installation.send(.example("c"))
            #expect(next.seq == 3)
            #expect(try await installation.history().numbers == [1, 3])
        }
    }

    // Events and positions.

    @Test("each thing that subscribers could see takes the next event number", arguments: StorageEngine.enabled)
    func eventNumbers(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            let first = try await installation.send(.example("a"))
            try await installation.channels.modify(.news, .example(name: "New"), for: installation.call())
            let second = try await installation.send(.example("b"))
            let codes = try await installation.recall(second.rawValue, "9_1_9", first.rawValue)
            let third = try await installation.send(.example("c").with { $0.isOnlineOnly = true })
            _ = try await installation.recall(third.rawValue)
            try await installation.channels.modify(.news, ChannelChange(), for: installation.call())

            #expect(codes == [.ok, .messageNotFound, .ok])
            #expect(try await installation.numbers("SELECT event_seq FROM broadcasts ORDER BY seq") == [1, 3, 6])
            let recalls = try await installation.numbers(
                "SELECT recall_event_seq FROM broadcasts WHERE recalled_at IS NOT NULL ORDER BY seq"
            )
            #expect(recalls == [5, 4])
            #expect(try await installation.number("SELECT profile_event_seq FROM channels") == 2)
            let channel = try #require(try await installation.findChannel())
            #expect(channel.eventSeq == 6, "what changed nothing takes none")
            #expect(channel.headSeq == 3)
        }
    }

    @Test("a broadcast knows how many stored ones came before it", arguments: StorageEngine.enabled)
    func storedBefore(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            try await installation.setWebhooks([.beforeSend])
            _ = try await installation.createChannel()
            _ = try await installation.send(.example("a"))
            _ = try await installation.send(.example("b").with { $0.isOnlineOnly = true })
            installation.backend.answer("BeforeSendMsg", with: .verdict(2))
            _ = try await installation.send(.example("c"))
            let fourth = try await installation.send(.example("d"))
            _ = try await installation.recall(fourth.rawValue)
            _ = try await installation.send(.example("e"))

            #expect(
                try await installation.numbers("SELECT stored_before FROM broadcasts ORDER BY seq") == [0, 1, 1, 1, 2]
            )
            #expect(try await installation.number("SELECT stored_broadcasts FROM channels") == 3)
        }
    }

    @Test("a subscription remembers where the channel stood when it began", arguments: StorageEngine.enabled)
    func joined(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            try await installation.importSubscribers(["anna"])
            _ = try await installation.sendMany(2)
            try await installation.importSubscribers(["bob"])

            #expect(try await installation.numbers("SELECT joined_seq FROM subscriptions ORDER BY account") == [0, 2])
            #expect(try await installation.numbers("SELECT read_seq FROM subscriptions ORDER BY account") == [0, 2])
        }
    }

    // Refusals.

    @Test(
        "content and cloud data together may be as long as the limit and not a byte longer",
        arguments: StorageEngine.enabled
    )
    func longest(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            let bare = MessageBody.example("").json.count
            let text = String(repeating: "ü", count: (12_288 - bare - 100) / 2)
            let room = 12_288 - bare - text.utf8.count

            let exact = NewBroadcast.example(text, cloudCustomData: String(repeating: "x", count: room))
            let longer = NewBroadcast.example(text, cloudCustomData: String(repeating: "x", count: room + 1))

            _ = try await installation.send(exact)
            #expect(await refusal { try await installation.send(longer) }?.code == .messageTooLong)
            #expect(try await installation.count("broadcasts") == 1)
        }
    }

    @Test(
        "without a channel or the channel service nothing is sent, recalled or shown",
        arguments: StorageEngine.enabled
    )
    func refused(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let (broadcasts, now) = (installation.broadcasts, installation.clock.now)
            func codes() async throws -> [ErrorCode?] {
                let call = try await installation.call()
                return [
                    await refusal { try await broadcasts.send(.example(), for: call) }?.code,
                    await refusal { try await broadcasts.recall(["1_1_1"], reason: nil, in: .news, for: call) }?.code,
                    await refusal {
                        try await broadcasts.history(
                            of: .news,
                            before: nil,
                            number: 1,
                            withRecalled: false,
                            of: call.application,
                            at: now
                        )
                    }?.code,
                ]
            }

            #expect(try await codes() == [.channelNotFound, .conversationNotFound, .conversationNotFound])

            _ = try await installation.createChannel()
            var change = ApplicationChange()
            change.channelServiceIsEnabled = false
            _ = try await installation.applications.update(.example, change, by: installation.operation())
            #expect(try await codes() == Array(repeating: .channelServiceDisabled, count: 3))
        }
    }

    @Test("an idempotent retry is told the first key, long after 300 s", arguments: StorageEngine.enabled)
    func idempotent(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            let first = try await installation.broadcasts.send(
                .example(),
                for: installation.call(idempotencyKey: .example())
            )
            installation.clock.advance(seconds: 3600)

            let again = try await installation.broadcasts.send(
                .example(),
                for: installation.call(idempotencyKey: .example())
            )

            #expect(again == first)
            #expect(try await installation.count("broadcasts") == 1)
        }
    }

    @Test("the audit tells of each broadcast by its key, and of no duplicate", arguments: StorageEngine.enabled)
    func audited(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            for _ in 0..<2 { _ = try await installation.send(.example()) }

            let entries = try await installation.audit().filter { $0.action == "send_official_account_msg" }

            #expect(entries.map(\.target) == ["@TOA#_news 1_1_1767225600"])
        }
    }
}

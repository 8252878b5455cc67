import Chat
import ChatProtocol
import Database
import EventBus
import RostrumTesting
import Testing

/// What waits to be told: lanes, their order, and what becomes of them (design section 5).
@Suite struct OutboxTests {
    private static let other = ChannelID("@TOA#_other")

    /// Two channels, each with three events that wait: `m1` to `m3`.
    private func fill(_ installation: TestInstallation) async throws {
        try await installation.liftBroadcastLimits()
        for id in [ChannelID.news, Self.other] { _ = try await installation.createChannel(.example(id: id)) }
        try await installation.setWebhooks([.afterSend])
        for id in [ChannelID.news, Self.other] { _ = try await installation.sendMany(3, to: id) }
    }

    private func lane(_ id: ChannelID = .news, of installation: TestInstallation) async throws -> Outbox.Lane {
        try #require(try await installation.due().first { $0.channel == id.rawValue })
    }

    /// The texts of the broadcasts that wait to be told.
    private func texts(_ installation: TestInstallation, in id: ChannelID = .news) async throws -> [String] {
        try await installation.waiting(in: id.rawValue).compactMap { waiting in
            JSONValue(String(decoding: waiting.call.body, as: UTF8.self))["MsgBody"]?[0]?["MsgContent"]?["Text"]?.text
        }
    }

    private func settle(
        _ lane: Outbox.Lane,
        of installation: TestInstallation,
        _ change: (inout Outbox.Settlement) -> Void
    ) async throws {
        let first = try await installation.deliveries.first(1, of: lane, of: .example)
        var settlement = Outbox.Settlement(of: first)
        change(&settlement)
        try await installation.settle(settlement, of: lane)
    }

    @Test("a lane gives its first events, in order", arguments: StorageEngine.enabled)
    func first(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let lane = try await lane(of: installation)

            let first = try await installation.deliveries.first(2, of: lane, of: .example)

            #expect(lane.failures == 0)
            #expect(first.map(\.number) == [1, 2])
            #expect(first.map(\.queuedAt) == [ManualClock.start, ManualClock.start])
            #expect(first.map(\.call.command) == Array(repeating: WebhookCommand.afterSend.rawValue, count: 2))
            #expect(first.map(\.call.clientAddress) == ["192.0.2.1", "192.0.2.1"])
            #expect(first.map(\.call.platform) == [.restAPI, .restAPI])
            #expect(try await texts(installation) == ["m1", "m2", "m3"])
            #expect(try await installation.deliveries.first(2, of: lane, of: .other) == [])
        }
    }

    @Test("what is done with goes, the rest stays in order", arguments: StorageEngine.enabled)
    func done(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            try await settle(lane(of: installation), of: installation) { $0.doneUpTo = 2 }

            #expect(try await texts(installation) == ["m3"])
            #expect(try await texts(installation, in: Self.other) == ["m1", "m2", "m3"])
            #expect(try await installation.due().count == 2)

            try await settle(lane(of: installation), of: installation) { $0.doneUpTo = 3 }
            #expect(try await installation.due().map(\.channel) == [Self.other.rawValue])
        }
    }

    @Test(
        "a lane that failed is due again at its moment and not before, with all that waits in it",
        arguments: StorageEngine.enabled
    )
    func retried(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let moment = installation.clock.now.advanced(bySeconds: 25)
            try await settle(lane(of: installation), of: installation) {
                ($0.doneUpTo, $0.failure) = (1, .retry(failures: 3, at: moment))
            }
            _ = try await installation.send(.example("m4"))

            installation.clock.advance(milliseconds: 24_999)
            #expect(try await installation.due().map(\.channel) == [Self.other.rawValue])
            installation.clock.advance(milliseconds: 1)
            let due = try await installation.due()
            #expect(due.map(\.channel) == [Self.other.rawValue, ChannelID.news.rawValue], "the longest overdue first")
            #expect(due.map(\.failures) == [0, 3])
            #expect(try await texts(installation) == ["m2", "m3", "m4"])
        }
    }

    @Test("what follows a delivered event begins without failures", arguments: StorageEngine.enabled)
    func failuresEnd(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let now = installation.clock.now
            try await settle(lane(of: installation), of: installation) { $0.failure = .retry(failures: 2, at: now) }
            #expect(try await lane(of: installation).failures == 2)

            try await settle(lane(of: installation), of: installation) { $0.doneUpTo = 1 }
            #expect(try await lane(of: installation).failures == 0)
        }
    }

    @Test(
        "an event that is given up becomes a dead letter and does not hold up the next",
        arguments: StorageEngine.enabled
    )
    func dead(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let waiting = try await installation.waiting()
            installation.clock.advance(seconds: 90)
            try await settle(lane(of: installation), of: installation) {
                $0.doneUpTo = 1
                $0.failure = .dead(waiting[1], attempts: 9, reason: "status 500")
            }

            #expect(try await texts(installation) == ["m3"])
            let lane = try await lane(of: installation)
            #expect(lane.failures == 0)
            let letter = try #require(try await installation.deliveries.deadLetters(of: .example, newest: 10).first)
            #expect(letter.call == waiting[1].call)
            #expect(letter.channel == ChannelID.news.rawValue)
            #expect((letter.queuedAt, letter.diedAt) == (ManualClock.start, installation.clock.now))
            #expect((letter.attempts, letter.reason) == (9, "status 500"))
        }
    }

    @Test("a lane whose last event is given up is gone", arguments: StorageEngine.enabled)
    func deadLast(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let waiting = try await installation.waiting()
            try await settle(lane(of: installation), of: installation) {
                $0.doneUpTo = 2
                $0.failure = .dead(waiting[2], attempts: 1, reason: "timed out")
            }

            #expect(try await installation.due().map(\.channel) == [Self.other.rawValue])
            #expect(try await installation.count("outbox_lanes") == 1)
        }
    }

    @Test("an event that comes while a lane is being settled waits in it", arguments: StorageEngine.enabled)
    func addedMeanwhile(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let lane = try await lane(of: installation)
            _ = try await installation.send(.example("m4"))

            try await settle(lane, of: installation) { $0.doneUpTo = 3 }

            #expect(try await texts(installation) == ["m4"])
            #expect(try await installation.waiting().map(\.number) == [4])
        }
    }

    @Test(
        "what was delivered by a process that ended before it said so is delivered again",
        arguments: StorageEngine.enabled
    )
    func crash(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let database = StoppingDatabase(installation.database, afterWrites: 0)
            let node = TestInstallation(database: database, clock: installation.clock)
            _ = await refusal { try await node.deliver() }
            try await installation.deliver()

            let before = node.backend.posts.compactMap { $0.header("X-Rostrum-Delivery") }
            let after = installation.backend.posts.compactMap { $0.header("X-Rostrum-Delivery") }
            #expect(before.count == 3, "one lane before the process ended")
            #expect(Set(before).isSubset(of: after))
            #expect(after.count == 6)
        }
    }

    @Test("a receiver that fails holds up its own lane and loses nothing", arguments: StorageEngine.enabled)
    func failingReceiver(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            installation.backend.answerAll(with: .reply("", status: 500))
            for _ in 0..<6 {
                try await installation.deliver()
                installation.clock.advance(seconds: 600)
            }
            #expect(try await texts(installation) == ["m1", "m2", "m3"])
            let failures = installation.backend.posts.count
            #expect(failures == 12, "the first of each lane, six times")

            installation.backend.answerAll(with: .accepted)
            try await installation.deliver()

            #expect(try await installation.count("outbox") == 0)
            let told = installation.backend.posts.dropFirst(failures).filter {
                $0.body["Official_Account"]?.text == ChannelID.news.rawValue
            }
            #expect(told.map { $0.body["MsgKey"]?.text } == (1...3).map { "\($0)_1_1767225600" })
        }
    }

    // What is due.

    @Test("lanes under way are not given again and count against the limit", arguments: StorageEngine.enabled)
    func underWay(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            func due(_ busy: Set<String>, _ limit: Int) async throws -> [String] {
                let view = installation.allLeases.view
                let due = try await installation.deliveries.due(for: view, besides: [.example: busy], limit: limit)
                return due.lanes.map(\.lane.channel)
            }
            let (news, other) = (ChannelID.news.rawValue, Self.other.rawValue)

            #expect(try await due([], 10) == [news, other])
            #expect(try await due([], 1) == [news])
            #expect(try await due([news], 10) == [other])
            #expect(try await due([news], 2) == [other])
            #expect(try await due([news], 1) == [])
            #expect(try await due([news, other], 10) == [])
        }
    }

    @Test(
        "what did not fail is due on a node whose clock is behind, what failed is due by that node's clock",
        arguments: StorageEngine.enabled
    )
    func skewedClocks(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let moment = installation.clock.now
            try await settle(lane(of: installation), of: installation) { $0.failure = .retry(failures: 1, at: moment) }
            let behind = TestInstallation(
                database: installation.database,
                clock: ManualClock(at: moment.advanced(bySeconds: -120))
            )

            #expect(try await behind.due().map(\.channel) == [Self.other.rawValue])
            behind.clock.advance(seconds: 120)
            #expect(try await behind.due().map(\.channel).sorted() == [ChannelID.news.rawValue, Self.other.rawValue])
        }
    }

    @Test("each application has the limit for itself", arguments: StorageEngine.enabled)
    func applications(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            try await installation.setWebhooks([.afterCreate], of: .other)
            for number in 1...3 {
                _ = try await installation.channels.create(
                    .example(id: ChannelID("@TOA#_\(number)")),
                    for: installation.call(of: .other)
                )
            }

            let view = installation.allLeases.view
            let due = try await installation.deliveries.due(for: view, besides: [.other: ["@TOA#_1"]], limit: 2).lanes

            #expect(due.map(\.application) == [.example, .example, .other])
            #expect(due.last?.lane.channel == "@TOA#_2")
        }
    }

    @Test("the backlog tells operators what waits", arguments: StorageEngine.enabled)
    func backlog(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let moment = installation.clock.now.advanced(bySeconds: 125)
            try await settle(lane(of: installation), of: installation) {
                ($0.doneUpTo, $0.failure) = (1, .retry(failures: 4, at: moment))
            }

            let backlog = try await installation.deliveries.backlog(of: .example, limit: 10)

            #expect(backlog.map(\.channel) == [Self.other.rawValue, ChannelID.news.rawValue])
            #expect(backlog.map(\.waiting) == [3, 2])
            #expect(backlog.map(\.failures) == [0, 4])
            #expect(backlog.last?.dueAt == moment)
            #expect(try await installation.deliveries.backlog(of: .example, limit: 1).count == 1)
            #expect(try await installation.deliveries.backlog(of: .other, limit: 10) == [])
        }
    }

    @Test(
        "the reader is woken after the commit, and not for applications without a backend",
        arguments: StorageEngine.enabled
    )
    func woken(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let heard = EventLog()
            installation.bus.listen(heard.hear)
            _ = try await installation.createChannel()
            #expect(heard.events == [])

            try await installation.setWebhooks([.afterSend])
            _ = try await installation.send(.example())
            _ = await refusal { try await installation.send(.example("refused")) }

            #expect(heard.events.filter { $0 == .outboxFilled(.example) }.count == 1)
        }
    }

    @Test("what is settled for an application that is gone leaves nothing", arguments: StorageEngine.enabled)
    func applicationGone(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let (lane, waiting) = try await (lane(of: installation), installation.waiting())
            let application = try await installation.application()
            let attempt = await installation.systems.webhooks.attempt(
                waiting[0].call,
                of: application,
                number: 1,
                channel: lane.channel
            )
            try await installation.applications.delete(.example, by: installation.operation())

            try await settle(lane, of: installation) {
                $0.attempts = [attempt]
                $0.failure = .dead(waiting[0], attempts: 1, reason: "timed out")
            }

            #expect(try await installation.count("dead_letters") == 0)
            #expect(try await installation.count("webhook_attempts") == 0)
        }
    }
}

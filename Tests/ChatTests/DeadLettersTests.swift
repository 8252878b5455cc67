import Chat
import ChatProtocol
import Database
import EventBus
import RostrumTesting
import Testing

/// Events that were given up, and how an operator sends them again (design section 5).
@Suite struct DeadLettersTests {
    /// A channel whose events died one after the other: its creation, a subscription that filled it (with which it was
    /// told to be full, in the same moment), and broadcasts.
    private func fill(_ installation: TestInstallation, broadcasts: Int = 2) async throws {
        try await installation.liftBroadcastLimits()
        try await installation.importAccounts("anna")
        try await installation.setWebhooks(AfterWebhookTests.after, retry: .off)
        _ = try await installation.createChannel(.example(maxSubscribers: 1))
        _ = try await installation.subscribe("anna")
        if broadcasts > 0 { _ = try await installation.sendMany(broadcasts) }
        installation.backend.answerAll(with: .reply("", status: 503))
        while try await !installation.due().isEmpty { try await installation.deliver() }
        installation.backend.answerAll(with: .accepted)
        #expect(try await installation.count("outbox") == 0)
    }

    private func letters(_ installation: TestInstallation) async throws -> [DeadLetters.Letter] {
        try await installation.deliveries.deadLetters(of: .example, newest: 5000)
    }

    @Test("without retries every failed event dies after one attempt", arguments: StorageEngine.enabled)
    func died(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)

            let letters = try await letters(installation)

            #expect(letters.count == 5)
            #expect(Set(letters.map(\.attempts)) == [1])
            #expect(Set(letters.map(\.reason)) == ["status 503"])
            #expect(installation.backend.posts.count == 5)
        }
    }

    @Test(
        "one that is sent again goes to the end of its lane under its old delivery id",
        arguments: StorageEngine.enabled
    )
    func retriedOne(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let letter = try #require(
                try await letters(installation).first { $0.call.command.hasSuffix("Create" + "OfficialAccount") }
            )
            installation.clock.advance(seconds: 3600)
            _ = try await installation.send(.example("new"))
            let heard = EventLog()
            installation.bus.listen(heard.hear)

            let found = try await installation.deliveries.retry(
                letter.call.delivery,
                of: .example,
                by: installation.operation(by: "cli:bob")
            )

            #expect(found)
            #expect(heard.events == [.outboxFilled(.example)])
            let waiting = try await installation.waiting()
            #expect(waiting.map(\.call.command.last) == ["g", "t"], "the new broadcast's, then the old one's")
            #expect(waiting.last?.call == letter.call)
            #expect(waiting.last?.queuedAt == installation.clock.now, "it has 24 h again")
            #expect(try await letters(installation).count == 4)
            let audit = try #require(try await installation.audit().first)
            #expect(audit.caller == "cli:bob")
            #expect(audit.action == "app webhooks retry \(letter.call.delivery)")
        }
    }

    @Test("what is no dead letter cannot be sent again, nor another application's", arguments: StorageEngine.enabled)
    func unknown(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            let delivery = try #require(try await letters(installation).first).call.delivery
            let audit = try await installation.count("audit")

            for (delivery, id) in [("", SDKAppID.example), ("0", .example), (delivery, .other)] {
                let found = try await installation.deliveries.retry(delivery, of: id, by: installation.operation())
                #expect(!found)
            }
            #expect(try await installation.count("audit") == audit)
            #expect(try await installation.count("outbox") == 0)
            #expect(try await installation.deliveries.find(delivery, of: .other).letter == nil)
        }
    }

    @Test("a letter is sent again once, however many ask for it at once", arguments: StorageEngine.enabled)
    func retriedAtOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let delivery = try #require(try await letters(installation).first).call.delivery

            let found = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        try await installation.deliveries.retry(delivery, of: .example, by: installation.operation())
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(found.filter(\.self).count == 1)
            #expect(try await installation.count("outbox") == 1)
        }
    }

    @Test("all that are sent again are delivered in the order of their events", arguments: StorageEngine.enabled, 1...5)
    func retriedAll(engine: StorageEngine, seed: UInt64) async throws {
        try await engine.withInstallation { installation in
            // Delivery ids are random: their order must not matter.
            _ = installation.random.bytes(Int(seed))
            try await fill(installation)
            let first = installation.backend.posts.map { $0.header("X-Rostrum-Delivery") }
            installation.clock.advance(seconds: 3600)

            let count = try await installation.deliveries.retryAll(
                of: .example,
                by: installation.operation(by: "cli:bob")
            )

            #expect(count == 5)
            #expect(try await letters(installation) == [])
            try await installation.deliver()
            let again = installation.backend.posts.dropFirst(first.count)
            #expect(
                again.map(\.event) == [
                    "AfterCreateOfficialAccount", "AfterAddSubscriber", "AfterOfficialAccountFull", "AfterSendMsg",
                    "AfterSendMsg",
                ]
            )
            #expect(again.map { $0.header("X-Rostrum-Delivery") } == first)
            let audit = try #require(try await installation.audit().first)
            #expect(audit.action == "app webhooks retry 5")
            #expect(audit.caller == "cli:bob")
        }
    }

    @Test(
        "more letters than a batch are all sent again, in order, and each batch is in the audit",
        arguments: StorageEngine.enabled
    )
    func retriedMany(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation, broadcasts: 0)
            let times = 1100
            for number in 0..<times {
                try await installation.execute(
                    """
                    INSERT INTO dead_letters (app, died_at, delivery, channel, number, command, body, client_address,
                        platform, queued_at, attempts, reason)
                    VALUES (\(SDKAppID.example), \(Int64(number)), \("d\(number)"), 'lane', \(Int64(number)), 'C',
                        \(Array("{}".utf8)), '', 'RESTAPI', 0, 1, '')
                    """
                )
            }

            let count = try await installation.deliveries.retryAll(of: .example, by: installation.operation())

            #expect(count == times + 3)
            #expect(try await letters(installation) == [])
            let waiting = try await installation.deliveries.first(
                2000,
                of: #require(try await installation.due().first { $0.channel == "lane" }),
                of: .example
            )
            #expect(waiting.map(\.call.delivery) == (0..<times).map { "d\($0)" })
            let audit = try await installation.audit().filter { $0.action.hasPrefix("app webhooks retry ") }
            #expect(Set(audit.map(\.action)) == ["app webhooks retry 500", "app webhooks retry 103"])
            #expect(audit.count == 3)
        }
    }

    @Test("when there is none nothing is sent, told or recorded", arguments: StorageEngine.enabled)
    func none(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let heard = EventLog()
            installation.bus.listen(heard.hear)
            let audit = try await installation.count("audit")

            let count = try await installation.deliveries.retryAll(of: .example, by: installation.operation())

            #expect(count == 0)
            #expect(heard.events == [])
            #expect(try await installation.count("audit") == audit)
        }
    }

    @Test("a letter is shown with every attempt that was made, newest letters first", arguments: StorageEngine.enabled)
    func shown(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.afterCreate], retry: .timeout)
            _ = try await installation.createChannel()
            installation.backend.answerAll(with: .timedOut)
            for seconds in [1, 5, 25, 0] as [Int64] {
                try await installation.deliver()
                installation.clock.advance(seconds: seconds)
            }
            let letter = try #require(try await letters(installation).first)
            #expect((letter.attempts, letter.reason) == (4, "timed out"))

            let (found, attempts) = try await installation.deliveries.find(letter.call.delivery, of: .example)

            #expect(found == letter)
            #expect(attempts.map(\.attempt) == [1, 2, 3, 4])
            #expect(attempts.map { $0.at.seconds - ManualClock.start.seconds } == [0, 1, 6, 31])
            #expect(Set(attempts.map(\.outcome)) == ["timed out"])

            installation.clock.advance(seconds: 60)
            _ = try await installation.createChannel(.example(id: ChannelID("@TOA#_2")))
            installation.backend.answerAll(with: .failed("refused"))
            try await installation.deliver()
            #expect(try await letters(installation).map(\.channel) == ["@TOA#_2", "@TOA#_news"])
            #expect(
                try await installation.deliveries.deadLetters(of: .example, newest: 1).map(\.channel) == ["@TOA#_2"]
            )
        }
    }
}

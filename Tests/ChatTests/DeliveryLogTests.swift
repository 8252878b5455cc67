import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// The record of attempts (design section 5).
@Suite struct DeliveryLogTests {
    private static let week: Int64 = 7 * 86_400

    @Test(
        "an attempt stands in the log with its status, words and the reply's first bytes",
        arguments: StorageEngine.enabled,
        [
            (.accepted, 200, "status 200", true),
            (.reply("no", status: 500), 500, "status 500", false),
            (.reply("", status: 302), 302, "status 302", false),
            (.timedOut, nil, "timed out", false),
            (.failed("the address 10.0.0.1 is not allowed"), nil, "the address 10.0.0.1 is not allowed", false),
            (
                .replied(WebhookReply(status: 200, body: [], isWhole: false)), 200,
                "status 200, a reply longer than 65536 bytes", true
            ),
        ] as [(outcome: WebhookOutcome, status: Int64?, words: String, isDelivered: Bool)]
    )
    func attempts(
        engine: StorageEngine,
        row: (outcome: WebhookOutcome, status: Int64?, words: String, isDelivered: Bool)
    ) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.afterCreate])
            _ = try await installation.createChannel()
            installation.backend.answerAll(with: row.outcome)

            try await installation.deliver()

            let log = try await installation.deliveryLog()
            let entry = try #require(log.first)
            #expect(log.count == 1)
            #expect(entry.at == installation.clock.now)
            #expect(entry.command == WebhookCommand.afterCreate.rawValue)
            #expect(entry.channel == ChannelID.news.rawValue)
            #expect(entry.attempt == 1)
            #expect((entry.status, entry.outcome) == (row.status, row.words))
            #expect(try await installation.waiting().isEmpty == row.isDelivered)
        }
    }

    @Test("a reply's bytes are kept as they are, at most 256", arguments: StorageEngine.enabled)
    func replyHead(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.afterCreate])
            let body = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &+ 128) }
            for (number, length) in [0, 255, 256, 257, 1000].enumerated() {
                _ = try await installation.createChannel(.example(id: ChannelID("@TOA#_\(number)")))
                installation.backend.answerAll(
                    with: .replied(WebhookReply(status: 200, body: Array(body.prefix(length))))
                )
                installation.clock.advance(seconds: 1)
                try await installation.deliver()
            }

            let log = try await installation.deliveryLog()

            #expect(log.map(\.reply.count) == [0, 255, 256, 256, 256])
            #expect(log.allSatisfy { $0.reply == Array(body.prefix($0.reply.count)) })
        }
    }

    @Test("the newest attempts come first", arguments: StorageEngine.enabled)
    func newest(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.afterCreate])
            for number in 1...4 {
                _ = try await installation.createChannel(.example(id: ChannelID("@TOA#_\(number)")))
                try await installation.deliver()
                installation.clock.advance(milliseconds: 1)
            }

            let newest = try await installation.deliveries.log(of: .example, newest: 3)

            #expect(newest.map(\.channel) == ["@TOA#_4", "@TOA#_3", "@TOA#_2"])
            #expect(try await installation.deliveries.log(of: .other, newest: 3) == [])
        }
    }

    @Test("a test event is sent once, under a name of ours, and logged", arguments: StorageEngine.enabled)
    func testEvent(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let webhooks = installation.systems.webhooks
            let without = await refusal {
                try await webhooks.test(installation.application(), by: installation.operation())
            }
            #expect(without?.code == .accountParameterInvalid)

            // It asks about the URL, so no webhook need be on.
            try await installation.setWebhooks([])
            installation.backend.answerAll(with: .timedOut)
            let operation = installation.operation(by: "operator:alice")
            let attempt = try await webhooks.test(installation.application(), by: operation)

            #expect(attempt.outcome == .timedOut)
            let post = try #require(installation.backend.posts.first)
            #expect(installation.backend.posts.count == 1)
            let body: JSONObject = [
                "CallbackCommand": .string("Rostrum.CallbackTest"),
                "EventTime": .integer(ManualClock.start.milliseconds),
            ]
            #expect(post.body == body)
            #expect(post.query.map(\.value) == ["1400000001", "Rostrum.CallbackTest", "json", "127.0.0.1", "Unknown"])
            let log = try await installation.deliveryLog()
            #expect(log.map(\.delivery) == [post.header("X-Rostrum-Delivery")])
            let entry = try await installation.audit().first { $0.action == "app webhooks test" }
            #expect(entry?.caller == "operator:alice" && entry?.target == "\(SDKAppID.example)")
        }
    }

    @Test("the sweep forgets attempts older than a week and no others", arguments: StorageEngine.enabled)
    func swept(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.afterCreate])
            for number in 1...2 {
                _ = try await installation.createChannel(.example(id: ChannelID("@TOA#_\(number)")))
                try await installation.deliver()
                installation.clock.advance(milliseconds: 1)
            }

            installation.clock.set(ManualClock.start.advanced(bySeconds: Self.week))
            try await installation.systems.sweep.run()
            #expect(try await installation.deliveryLog().count == 2)

            installation.clock.advance(milliseconds: 1)
            try await installation.systems.sweep.run()
            #expect(try await installation.deliveryLog().map(\.channel) == ["@TOA#_2"])
        }
    }

    @Test("more attempts than a batch are forgotten in one run", arguments: StorageEngine.enabled)
    func sweptInBatches(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.afterCreate])
            _ = try await installation.createChannel()
            try await installation.deliver()
            try await installation.execute(
                """
                WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1200)
                INSERT INTO webhook_attempts (app, at, delivery, attempt, channel, command, outcome, status, latency_ms,
                    reply)
                SELECT app, at - n, delivery, attempt, channel, command, outcome, status, latency_ms, reply
                FROM webhook_attempts CROSS JOIN numbers
                """
            )
            #expect(try await installation.count("webhook_attempts") == 1201)
            installation.clock.advance(seconds: Self.week)

            try await installation.systems.sweep.run()

            #expect(try await installation.count("webhook_attempts") == 1)
        }
    }
}

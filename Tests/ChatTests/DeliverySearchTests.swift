import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// What an operator finds in the delivery log, and what is kept of a request (issue 6).
@Suite struct DeliverySearchTests {
    private func find(
        _ installation: TestInstallation,
        before place: DeliveryLog.Place? = nil,
        limit: Int = 100,
        _ filter: (inout DeliveryLog.Filter) -> Void = { _ in }
    ) async throws -> DeliveryLog.Found {
        var wanted = DeliveryLog.Filter()
        filter(&wanted)
        return try await installation.deliveries.search(wanted, before: place, limit: limit, of: .example)
    }

    /// Attempts of a numbered delivery each, several in one millisecond; every tenth failed.
    private func fill(_ installation: TestInstallation, _ count: Int) async throws {
        for number in 0..<count {
            let status: SQLValue = number % 10 == 9 ? .integer(500) : .integer(200)
            try await installation.execute(
                """
                INSERT INTO webhook_attempts (app, at, delivery, attempt, channel, command, outcome, status, latency_ms,
                    reply)
                VALUES (\(SDKAppID.example), \(number / 3), \("d\(number)"), 1, \(number == 2 ? "rare" : "often"), 'C',
                    '', \(status), 0, \([UInt8]()))
                """
            )
        }
    }

    @Test("pages hang together without a gap or a repetition, newest first", arguments: StorageEngine.enabled)
    func pages(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation, 25)
            let all = try await find(installation)
            #expect(all.lines.count == 25 && all.next == nil && all.searched == 25)
            let moments: [Int64] = (0..<25).reversed().map { Int64($0) / 3 }
            #expect(all.lines.map(\.place.at.milliseconds) == moments)

            var lines: [DeliveryLog.Line] = []
            var place: DeliveryLog.Place?
            repeat {
                let found = try await find(installation, before: place, limit: 4)
                lines += found.lines
                place = found.next
            } while place != nil

            #expect(lines == all.lines)
        }
    }

    @Test("a page that ends with the log has no next one", arguments: StorageEngine.enabled)
    func end(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation, 8)
            #expect(try await find(installation, limit: 8).next == nil)
            #expect(try await find(installation, limit: 7).next != nil)
            #expect(try await installation.deliveries.search(.init(), before: nil, limit: 8, of: .other).lines == [])
        }
    }

    @Test("outcome, event and channel are filtered by", arguments: StorageEngine.enabled)
    func filtered(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation, 30)
            let failed = try await find(installation) { $0.outcome = .failed }
            #expect(failed.lines.map(\.place.delivery) == ["d29", "d19", "d9"])
            #expect(try await find(installation) { $0.outcome = .delivered }.lines.count == 27)
            #expect(try await find(installation) { $0.channel = "rare" }.lines.map(\.place.delivery) == ["d2"])
            #expect(try await find(installation) { $0.command = "C" }.lines.count == 30)
            #expect(try await find(installation) { $0.command = "D" }.lines == [])
        }
    }

    @Test("what is rare is found step by step, each no longer than the others", arguments: StorageEngine.enabled)
    func steps(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation, 10)
            // One more than two steps; the rare one is the third oldest.
            try await installation.execute(
                """
                WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1991)
                INSERT INTO webhook_attempts (app, at, delivery, attempt, channel, command, outcome, status, latency_ms,
                    reply)
                SELECT app, 100 + n, delivery, attempt, channel, command, outcome, status, latency_ms, reply
                FROM webhook_attempts CROSS JOIN numbers WHERE delivery = 'd1'
                """
            )

            let first = try await find(installation) { $0.channel = "rare" }
            #expect(first.lines == [] && first.searched == DeliveryLog.searchStep)
            let second = try await find(installation, before: first.next) { $0.channel = "rare" }
            #expect(second.lines.map(\.place.delivery) == ["d2"] && second.next != nil)
            let third = try await find(installation, before: second.next) { $0.channel = "rare" }
            #expect(third.lines == [] && third.next == nil && third.searched == 1)
        }
    }

    @Test("the failure rate is of attempts of the last five minutes, without remarks", arguments: StorageEngine.enabled)
    func failureRate(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.afterCreate])
            for (number, outcome) in [WebhookOutcome.timedOut, .accepted, .reply("", status: 404)].enumerated() {
                _ = try await installation.createChannel(.example(id: ChannelID("@TOA#_\(number)")))
                installation.backend.answerAll(with: outcome)
                try await installation.deliver()
                installation.clock.advance(seconds: 150)
            }
            try await installation.execute(
                """
                INSERT INTO webhook_attempts (app, at, delivery, attempt, channel, command, outcome, status, latency_ms,
                    reply)
                VALUES (\(SDKAppID.example), \(installation.clock.now), 'r', 0, '', '', '', \(SQLValue.null), 0,
                    \([UInt8]()))
                """
            )

            let rate = try await installation.deliveries.failureRate(of: .example)

            // The timeout is 450 s old; 300 s old are its repetition and the second channel's, 150 s the last one.
            #expect(rate == DeliveryLog.FailureRate(attempts: 3, failures: 1))
            installation.clock.advance(seconds: 301)
            let later = try await installation.deliveries.failureRate(of: .example)
            #expect(later == DeliveryLog.FailureRate(attempts: 0, failures: 0))
        }
    }

    @Test("the body of a delivery is kept where nothing else has it", arguments: StorageEngine.enabled)
    func request(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.beforeCreate, .afterCreate])
            _ = try await installation.createChannel()
            installation.backend.answerAll(with: .timedOut)
            try await installation.deliver()

            let log = try await installation.deliveryLog()
            let commands: [WebhookCommand] = [.beforeCreate, .afterCreate]
            #expect(log.map(\.command) == commands.map(\.rawValue))
            for entry in log {
                let trace = try #require(
                    try await installation.deliveries.trace(entry.delivery, limit: 50, of: .example)
                )
                let post = try #require(
                    installation.backend.posts.first { $0.header("X-Rostrum-Delivery") == entry.delivery }
                )
                #expect(trace.request == post.request.body)
                #expect((trace.waiting == nil) == (entry.command == WebhookCommand.beforeCreate.rawValue))
                #expect(trace.letter == nil && trace.attempts.count == 1)
            }
            // What waits is in the outbox, and once more would be in vain.
            #expect(try await installation.count("webhook_attempts WHERE request IS NOT NULL") == 1)

            installation.clock.advance(seconds: 1)
            installation.backend.answerAll(with: .accepted)
            try await installation.deliver()

            let delivery = try #require(log.last).delivery
            let trace = try #require(try await installation.deliveries.trace(delivery, limit: 50, of: .example))
            #expect(trace.waiting == nil && trace.attempts.count == 2)
            #expect(trace.request == installation.backend.posts.last?.request.body)
            #expect(try await installation.deliveries.trace("unknown", limit: 50, of: .example) == nil)
            #expect(try await installation.deliveries.trace(delivery, limit: 50, of: .other) == nil)
        }
    }

    @Test("what is tried very often is traced in pages, and its end is told on each", arguments: StorageEngine.enabled)
    func tracePages(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for number in 1...7 {
                let status: Int64 = number == 7 ? 200 : 500
                try await installation.execute(
                    """
                    INSERT INTO webhook_attempts (app, at, delivery, attempt, channel, command, outcome, status,
                        latency_ms, reply)
                    VALUES (\(SDKAppID.example), \(number / 2), 'd', \(number), 'lane', 'C', '', \(status), 0,
                        \([UInt8]()))
                    """
                )
            }
            // A remark on the last of them.
            try await installation.execute(
                """
                INSERT INTO webhook_attempts (app, at, delivery, attempt, channel, command, outcome, status, latency_ms,
                    reply)
                VALUES (\(SDKAppID.example), 9, 'd', 0, 'lane', 'C', 'not followed', \(SQLValue.null), 0, \([UInt8]()))
                """
            )
            var pages: [[Int64]] = []
            var place: DeliveryLog.Place?
            repeat {
                let trace = try #require(
                    try await installation.deliveries.trace("d", before: place, limit: 3, of: .example)
                )
                #expect(trace.last?.attempt == 7 && trace.last?.isDelivered == true)
                pages.append(trace.attempts.map(\.attempt))
                place = trace.older
            } while place != nil
            #expect(pages == [[6, 7, 0], [3, 4, 5], [1, 2]])

            let whole = try await installation.deliveries.trace("d", limit: 8, of: .example)
            #expect(whole?.attempts.count == 8 && whole?.older == nil)
        }
    }

    @Test("dead letters come in pages, and are counted no further than asked", arguments: StorageEngine.enabled)
    func deadLetters(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for number in 0..<7 {
                try await installation.execute(
                    """
                    INSERT INTO dead_letters (app, died_at, delivery, channel, number, command, body, client_address,
                        platform, queued_at, attempts, reason)
                    VALUES (\(SDKAppID.example), \(number / 3), \("d\(number)"), 'lane', \(number), 'C',
                        \(Array("{}".utf8)), '', 'RESTAPI', 0, 1, '')
                    """
                )
            }
            var found: [String] = []
            var place: DeadLetters.Place?
            while true {
                let page = try await installation.deliveries.deadLetters(of: .example, newest: 2, before: place)
                guard let last = page.last else { break }
                found += page.map(\.call.delivery)
                place = DeadLetters.Place(diedAt: last.diedAt, delivery: last.call.delivery)
            }
            #expect(found == ["d6", "d5", "d4", "d3", "d2", "d1", "d0"])
            #expect(try await installation.deliveries.countDeadLetters(of: .example, atMost: 100) == 7)
            #expect(try await installation.deliveries.countDeadLetters(of: .example, atMost: 5) == 5)
            #expect(try await installation.deliveries.countDeadLetters(of: .other, atMost: 5) == 0)
        }
    }
}

import Chat
import ChatProtocol
import Database
import MetricsTestKit
import RostrumTesting
import ServiceLifecycle
import Testing
import WebhookDelivery

/// "After" webhooks on their way out of the outbox: at least once, in order per channel (design section 5).
@Suite("The outbox's reader")
struct OutboxReaderTests {
    private static let other = ChannelID("@TOA#_other")
    private static let numbers = (0..<40).map(String.init)

    private static func channels(_ count: Int) -> [ChannelID] {
        (0..<count).map { ChannelID("@TOA#_\($0)") }
    }

    @Test("a channel's events arrive in their order, each once", arguments: StorageEngine.enabled)
    func order(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let channels = Self.channels(3)
            for channel in channels { try await installation.makeChannel(channel) }
            try await installation.setWebhooks()
            // Some wait when the reader starts, the others come while it runs.
            for channel in channels { try await installation.rename(channel, Array(Self.numbers.prefix(25))) }

            try await installation.withReader {
                for channel in channels { try await installation.rename(channel, Array(Self.numbers.dropFirst(25))) }
                try await waitUntil("nothing waits") { try await installation.waiting().isEmpty }
            }

            for channel in channels { #expect(installation.backend.names(of: channel) == Self.numbers) }
            let deliveries = installation.backend.posts.map(\.delivery)
            #expect(Set(deliveries).count == deliveries.count)
            let log = try await installation.systems.deliveries.log(of: .example, newest: 1000)
            #expect(log.count == deliveries.count && log.allSatisfy { $0.attempt == 1 && $0.status == 200 })
        }
    }

    @Test("an event that is committed is delivered at once, without waiting for the clock")
    func wakes() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.makeChannel(.news)
            try await installation.setWebhooks()
            try await installation.withReader(interval: .seconds(3600)) {
                // The clock looks at the outbox for the first time in an hour.
                try await installation.rename(.news, ["a"])
                try await waitUntil("it is delivered") { try await installation.waiting().isEmpty }
                try await installation.rename(.news, ["b"])
                try await waitUntil("it is delivered") { try await installation.waiting().isEmpty }
            }
            #expect(installation.backend.names(of: .news) == ["a", "b"])
        }
    }

    @Test("many channels of an application are delivered at the same time, and no more than its lanes")
    func lanes() async throws {
        try await StorageEngine.sqlite.withTwoApplications { installation in
            let channels = Self.channels(OutboxReader.lanesPerApplication * 3)
            for channel in channels { try await installation.makeChannel(channel) }
            try await installation.makeChannel(.news, of: .other)
            try await installation.setWebhooks()
            try await installation.setWebhooks(of: .other)
            for channel in channels { try await installation.rename(channel, ["a", "b"]) }
            let backend = installation.backend
            backend.hold { $0.application == SDKAppID.example.description }

            try await installation.withReader {
                try await waitUntil("every lane is under way") {
                    backend.posts.count >= OutboxReader.lanesPerApplication
                }
                // Whatever the reader would still begin, it begins while it takes up others' events.
                for name in Self.numbers.prefix(20) {
                    try await installation.rename(.news, [name], of: .other)
                    try await waitUntil("it is delivered") { backend.names(of: .news).last == name }
                }
                #expect(backend.posts.count { $0.application == SDKAppID.example.description } == 32)
                backend.release()
                try await waitUntil("nothing waits") { try await installation.waiting().isEmpty }
            }

            for channel in channels { #expect(backend.names(of: channel) == ["a", "b"]) }
            #expect(backend.mostAtOnce <= OutboxReader.lanesPerApplication + 1)
        }
    }

    @Test("a backend that does not answer keeps no other application waiting")
    func isolation() async throws {
        try await StorageEngine.sqlite.withTwoApplications { installation in
            let channels = Self.channels(50)
            for channel in channels {
                try await installation.makeChannel(channel)
                try await installation.makeChannel(channel, of: .other)
            }
            try await installation.setWebhooks()
            try await installation.setWebhooks(of: .other)
            let backend = installation.backend
            backend.hold { $0.application == SDKAppID.example.description }

            try await installation.withReader {
                for channel in channels { try await installation.rename(channel, ["a"]) }
                try await waitUntil("the dead backend is asked") {
                    backend.posts.count >= OutboxReader.lanesPerApplication
                }
                for channel in channels { try await installation.rename(channel, ["a", "b"], of: .other) }
                try await waitUntil("the other application has everything") {
                    try await installation.waiting(of: .other).isEmpty
                }
                #expect(try await installation.waiting().count == 50)
                #expect(backend.posts.count { $0.application == SDKAppID.other.description } == 100)
                backend.release()
                try await waitUntil("the first one too") { try await installation.waiting().isEmpty }
            }
        }
    }

    @Test("a failure is tried again after 1, 5, 25, 125, 600 and 600 s, under the same delivery id, newly signed")
    func retries() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.makeChannel(.news)
            try await installation.makeChannel(Self.other)
            try await installation.setWebhooks()
            let backend = installation.backend
            backend.answer { $0.channel == ChannelID.news.rawValue ? .reply("no", status: 500) : nil }

            try await installation.withReader {
                try await installation.rename(.news, ["first", "second"])
                var attempts = 1
                for delay in [1, 5, 25, 125, 600, 600] as [Int64] {
                    try await waitUntil("attempt \(attempts) is settled") {
                        let lane = try await installation.systems.deliveries.backlog(of: .example, limit: 1).first
                        return lane?.failures == Int64(attempts)
                    }
                    installation.clock.advance(milliseconds: delay * 1000 - 1)
                    // The reader has looked again: it took up another channel's event.
                    try await installation.rename(Self.other, ["\(delay)"])
                    try await waitUntil("another channel goes on") { try await installation.waiting().count == 1 }
                    #expect(backend.posts(about: .news).count == attempts, "too early for \(delay) s")
                    installation.clock.advance(milliseconds: 1)
                    attempts += 1
                    try await waitUntil("\(delay) s are over") { backend.posts(about: .news).count == attempts }
                }
                try await waitUntil("the last attempt is settled") {
                    try await installation.systems.deliveries.backlog(of: .example, limit: 1).first?.failures == 7
                }
            }

            let posts = backend.posts(about: .news)
            #expect(Set(posts.map(\.name)) == ["first"], "what follows in the channel waits")
            #expect(Set(posts.map(\.delivery)).count == 1)
            #expect(Set(posts.map(\.request.body)).count == 1)
            let start = ManualClock.start.seconds
            let moments = [0, 1, 6, 31, 156, 756, 1356].map { String(start + $0) }
            #expect(posts.map { $0.header("X-Rostrum-Timestamp") } == moments)
            #expect(Set(posts.map { $0.header("X-Rostrum-Signature") }).count == posts.count)
            let (letter, log) = try await installation.systems.deliveries.find(posts[0].delivery, of: .example)
            #expect(letter == nil)
            #expect(log.map(\.attempt) == [1, 2, 3, 4, 5, 6, 7])
            #expect(log.allSatisfy { $0.status == 500 && $0.reply == Array("no".utf8) })
        }
    }

    @Test("once the first event is taken, those behind it follow in order, as if nothing had been")
    func headOfLine() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.makeChannel(.news)
            try await installation.setWebhooks()
            let backend = installation.backend
            backend.answer { $0.name == "b" ? .timedOut : nil }

            try await installation.withReader {
                try await installation.rename(.news, ["a", "b", "c", "d"])
                try await waitUntil("the second one failed") {
                    try await installation.systems.deliveries.backlog(of: .example, limit: 1).first?.failures == 1
                }
                try await installation.rename(.news, ["e"])
                backend.answer { _ in nil }
                installation.clock.advance(seconds: 1)
                try await waitUntil("nothing waits") { try await installation.waiting().isEmpty }
            }

            #expect(backend.names(of: .news) == ["a", "b", "b", "c", "d", "e"])
            let log = try await installation.systems.deliveries.log(of: .example, newest: 100)
            let numbers = Dictionary(grouping: log, by: \.delivery).values.map { $0.map(\.attempt).sorted() }
            #expect(numbers.sorted { $0.count < $1.count } == [[1], [1], [1], [1], [1, 2]])
        }
    }

    @Test("an event that fails for 24 h is given up and kept, the next one goes, and an operator sends it again")
    func deadLetter() async throws {
        let metrics = TestMetrics()
        try await StorageEngine.sqlite.withInstallation(metrics: metrics) { installation in
            try await installation.makeChannel(.news)
            try await installation.setWebhooks()
            let backend = installation.backend
            let deliveries = installation.systems.deliveries
            backend.answer { $0.name == "doomed" ? .reply("", status: 503) : nil }

            try await installation.withReader(metrics: metrics) {
                try await installation.rename(.news, ["doomed", "next"])
                for (number, pause) in [86_394, 5].enumerated() {
                    try await waitUntil("attempt \(number + 1) is settled") {
                        try await deliveries.backlog(of: .example, limit: 1).first?.failures == Int64(number + 1)
                    }
                    #expect(backend.names(of: .news).last == "doomed")
                    // The third attempt is a second before the day is over: there is no fourth.
                    installation.clock.advance(seconds: Int64(pause))
                }
                try await waitUntil("nothing waits") { try await installation.waiting().isEmpty }
            }

            #expect(backend.names(of: .news) == ["doomed", "doomed", "doomed", "next"])
            let letter = try #require(try await deliveries.deadLetters(of: .example, newest: 10).first)
            #expect(
                letter.call.delivery == backend.posts[0].delivery && letter.call.body == backend.posts[0].request.body
            )
            #expect(letter.attempts == 3 && letter.reason == "status 503" && letter.channel == "@TOA#_news")
            #expect(letter.queuedAt == ManualClock.start && letter.diedAt == installation.clock.now)
            #expect(try metrics.expectCounter("rostrum_webhook_dead_letters").totalValue == 1)
            func attempts(_ result: String) throws -> Int64 {
                let dimensions = [("kind", "after"), ("result", result)]
                return try metrics.expectCounter("rostrum_webhook_attempts", dimensions).totalValue
            }
            #expect(try attempts("failed") == 3)
            #expect(try attempts("delivered") == 1)

            backend.answer { _ in nil }
            installation.clock.advance(seconds: 60)
            try await installation.withReader {
                let operation = installation.operation()
                #expect(try await deliveries.retry(letter.call.delivery, of: .example, by: operation))
                try await waitUntil("nothing waits") { try await installation.waiting().isEmpty }
            }
            #expect(backend.names(of: .news).suffix(2) == ["next", "doomed"])
            #expect(backend.posts.last?.delivery == letter.call.delivery)
            #expect(try await deliveries.deadLetters(of: .example, newest: 10).isEmpty)
            #expect(try await deliveries.find(letter.call.delivery, of: .example).attempts.map(\.status).last == 200)
        }
    }

    @Test(
        "the application's policy says which failures are tried again",
        arguments: [
            (WebhookSettings.Retry.off, WebhookOutcome.timedOut, [] as [Int64]),
            (.off, .failed("the connection was refused"), []),
            (.timeout, .failed("the connection was refused"), []),
            (.timeout, .reply("", status: 500), []),
            (.timeout, .timedOut, [1, 5, 25]),
        ]
    )
    func policies(retry: WebhookSettings.Retry, outcome: WebhookOutcome, delays: [Int64]) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.makeChannel(.news)
            try await installation.setWebhooks(retry: retry)
            let backend = installation.backend
            backend.answer { $0.name == "doomed" ? outcome : nil }

            try await installation.withReader {
                try await installation.rename(.news, ["doomed", "next"])
                for (number, delay) in delays.enumerated() {
                    try await waitUntil("attempt \(number + 1) is settled") {
                        let lane = try await installation.systems.deliveries.backlog(of: .example, limit: 1).first
                        return lane?.failures == Int64(number + 1)
                    }
                    installation.clock.advance(seconds: delay)
                }
                try await waitUntil("nothing waits") { try await installation.waiting().isEmpty }
            }

            #expect(backend.names(of: .news) == Array(repeating: "doomed", count: delays.count + 1) + ["next"])
            let letters = try await installation.systems.deliveries.deadLetters(of: .example, newest: 10)
            #expect(letters.map(\.attempts) == [Int64(delays.count) + 1])
        }
    }

    @Test("another reader over the same storage goes on where the first one ended", arguments: StorageEngine.enabled)
    func restart(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.makeChannel(.news)
            try await installation.setWebhooks()
            try await installation.rename(.news, ["a", "b", "c"])
            installation.backend.answer { $0.name == "b" ? .timedOut : nil }
            try await installation.withReader {
                try await waitUntil("the second one failed") {
                    try await installation.systems.deliveries.backlog(of: .example, limit: 1).first?.failures == 1
                }
            }
            let before = installation.backend.posts
            #expect(before.map(\.name) == ["a", "b"])

            let restarted = installation.anotherNode()
            restarted.clock.advance(seconds: 1)
            try await restarted.withReader {
                try await waitUntil("nothing waits") { try await restarted.waiting().isEmpty }
            }

            let after = restarted.backend.posts
            #expect(after.map(\.name) == ["b", "c"])
            #expect(after[0].delivery == before[1].delivery && after[0].request.body == before[1].request.body)
            let log = try await restarted.systems.deliveries.find(after[0].delivery, of: .example).attempts
            #expect(log.map(\.attempt) == [1, 2])
        }
    }

    @Test("what was sent and could not be settled is sent again, and nothing is lost")
    func storageFault() async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let faulty = FaultyDatabase(database)
            let installation = TestInstallation(database: faulty)
            _ = try await installation.applications.create(.example(), by: installation.operation())
            try await installation.makeChannel(.news)
            try await installation.setWebhooks()
            try await installation.rename(.news, ["a", "b", "c"])
            let backend = installation.backend
            backend.hold { $0.name == "c" }

            try await installation.withReader {
                try await waitUntil("all are sent") { backend.names(of: .news) == ["a", "b", "c"] }
                faulty.fail(with: DatabaseError(.full, "the disk is full"))
                backend.release()
                try await waitUntil("settling failed") { faulty.refusedWrites == 1 }
                faulty.fail(with: nil)
                try await waitUntil("nothing waits") { try await installation.waiting().isEmpty }
                try await installation.rename(.news, ["d"])
                try await waitUntil("nothing waits") { try await installation.waiting().isEmpty }
            }

            #expect(backend.names(of: .news) == ["a", "b", "c", "a", "b", "c", "d"])
            let posts = backend.posts
            for number in 0..<3 {
                #expect(posts[number].delivery == posts[number + 3].delivery)
                #expect(posts[number].request.body == posts[number + 3].request.body)
            }
        }
    }

    @Test("a storage that cannot be read is looked at again, and what waits is delivered then")
    func unreadable() async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let faulty = FaultyDatabase(database)
            let installation = TestInstallation(database: faulty)
            _ = try await installation.applications.create(.example(), by: installation.operation())
            try await installation.makeChannel(.news)
            try await installation.setWebhooks()
            try await installation.rename(.news, ["a"])
            faulty.fail(with: DatabaseError(.unavailable, "the disk is gone"))

            try await installation.withReader {
                try await waitUntil("the reader has met the fault") { faulty.refusedReads > 2 }
                #expect(installation.backend.posts.isEmpty)
                faulty.fail(with: nil)
                try await waitUntil("nothing waits") { try await installation.waiting().isEmpty }
            }

            #expect(installation.backend.names(of: .news) == ["a"])
        }
    }

    @Test("a graceful end waits for what is under way, and writes it down")
    func shutdown() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.makeChannel(.news)
            try await installation.setWebhooks()
            try await installation.rename(.news, ["a", "b"])
            let backend = installation.backend
            backend.hold { $0.name == "a" }
            let ends = Counter()

            let group = installation.reader()
            try await withThrowingTaskGroup { tasks in
                tasks.addTask {
                    try await group.run()
                    ends.add(1)
                }
                try await waitUntil("it is under way") { backend.posts.count == 1 }
                await group.triggerGracefulShutdown()
                // Long enough for a reader that does not wait; one that does never comes to an end here.
                for _ in 0..<1000 { await Task.yield() }
                #expect(ends.value == 0)
                backend.release()
                try await tasks.waitForAll()
            }

            // The first one is written down. Whether the second one went as well, or is for the next start, depends on
            // how long that took.
            let sent = backend.names(of: .news)
            #expect(sent == ["a"] || sent == ["a", "b"])
            #expect(try await installation.waiting().count == (sent.count == 2 ? 0 : 1))
        }
    }

    @Test("without a URL an event waits as one that failed, and goes to the one that is set later")
    func noURL() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.makeChannel(.news)
            try await installation.setWebhooks(url: "http://old.example")
            try await installation.rename(.news, ["a"])
            try await installation.setWebhooks(url: nil)
            let deliveries = installation.systems.deliveries

            try await installation.withReader {
                try await waitUntil("it failed") {
                    try await deliveries.backlog(of: .example, limit: 1).first?.failures == 1
                }
                #expect(installation.backend.posts.isEmpty)
                #expect(try await deliveries.log(of: .example, newest: 1).first?.outcome == "no webhook URL is set")
                try await installation.setWebhooks(url: "http://new.example")
                installation.clock.advance(seconds: 1)
                try await waitUntil("nothing waits") { try await installation.waiting().isEmpty }
            }

            #expect(installation.backend.names(of: .news) == ["a"])
            #expect(installation.backend.posts.first?.request.url.hasPrefix("http://new.example?") == true)
        }
    }

    @Test("events of a channel made again after a reset are not taken for those that were under way before it")
    func resetMeanwhile() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.makeChannel(.news)
            try await installation.setWebhooks()
            let backend = installation.backend
            backend.hold { $0.name == "before" }

            try await installation.withReader {
                try await installation.rename(.news, ["before"])
                try await waitUntil("it is under way") { backend.posts.count == 1 }
                try await installation.applications.empty(.example, importing: [], by: installation.operation())
                try await installation.importAccounts("anna")
                try await installation.makeChannel(.news)
                backend.hold { $0.name == "before" || $0.name == "z" }
                try await installation.rename(.news, ["a", "b"])
                backend.release()
                try await waitUntil("nothing waits") { try await installation.waiting().isEmpty }
            }

            #expect(backend.names(of: .news).filter { !$0.isEmpty && $0 != "Harbour News" } == ["before", "a", "b"])
        }
    }

    @Test(
        "an attempt that our own end cuts short is no failure and no dead letter",
        arguments: [WebhookSettings.Retry.off, .on]
    )
    func cutShort(retry: WebhookSettings.Retry) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.makeChannel(.news)
            try await installation.setWebhooks(retry: retry)
            let backend = installation.backend
            backend.answerAll(with: .cancelled)

            try await installation.rename(.news, ["a"])
            try await installation.withReader {
                try await waitUntil("it was tried") { !backend.posts.isEmpty }
            }

            let deliveries = installation.systems.deliveries
            #expect(try await deliveries.deadLetters(of: .example, newest: 10).isEmpty)
            #expect(try await deliveries.log(of: .example, newest: 10).isEmpty)
            let lanes = try await deliveries.backlog(of: .example, limit: 10)
            #expect(lanes.map(\.waiting) == [1] && lanes.map(\.failures) == [0])
        }
    }

    @Test("what an application has waiting goes with it, and nothing is written of it afterwards")
    func deletedApplication() async throws {
        try await StorageEngine.sqlite.withTwoApplications { installation in
            for application in [SDKAppID.example, .other] {
                try await installation.makeChannel(.news, of: application)
                try await installation.setWebhooks(of: application)
            }
            let backend = installation.backend
            let deliveries = installation.systems.deliveries
            backend.hold { $0.application == SDKAppID.example.description }
            backend.answer { $0.application == SDKAppID.example.description ? .reply("", status: 500) : nil }

            try await installation.withReader {
                try await installation.rename(.news, ["a", "b"])
                try await waitUntil("it is under way") { backend.posts.count == 1 }
                try await installation.applications.delete(.example, by: installation.operation())
                backend.release()
                for name in Self.numbers.prefix(10) {
                    try await installation.rename(.news, [name], of: .other)
                    try await waitUntil("the other one goes on") {
                        try await installation.waiting(of: .other).isEmpty
                    }
                }
            }

            #expect(backend.posts.count { $0.application == SDKAppID.example.description } == 1)
            // Its number may be given again: to somebody who is to see nothing of this.
            #expect(try await deliveries.log(of: .example, newest: 10).isEmpty)
            #expect(try await deliveries.backlog(of: .example, limit: 10).isEmpty)
            #expect(try await deliveries.deadLetters(of: .example, newest: 10).isEmpty)
        }
    }
}

extension StorageEngine {
    /// Hands `body` an installation with the example application and another tenant's.
    fileprivate func withTwoApplications(_ body: (TestInstallation) async throws -> Void) async throws {
        try await withInstallation { installation in
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            try await body(installation)
        }
    }
}

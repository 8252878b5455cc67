import Chat
import Testing

/// When an event is tried again, and when it is given up (design section 5).
@Suite struct RetryScheduleTests {
    private static let start = Timestamp(seconds: 1_767_225_600)
    private static let failed = WebhookOutcome.failed("connection refused")

    /// Seconds until the next attempt; nil when there is none.
    private func delay(
        after failures: Int64,
        _ outcome: WebhookOutcome = failed,
        _ retry: WebhookSettings.Retry = .on,
        milliseconds sinceQueued: Int64 = 0
    ) -> Int64? {
        let now = Timestamp(milliseconds: Self.start.milliseconds + sinceQueued)
        let next = RetrySchedule.next(after: failures, outcome, retry, queuedAt: Self.start, at: now)
        return next.map { $0.milliseconds(since: now) / 1000 }
    }

    @Test("pauses grow from a second to ten minutes")
    func pauses() {
        let pauses = (1...8).map { delay(after: $0) }
        #expect(pauses == [1, 5, 25, 125, 600, 600, 600, 600])
        #expect(delay(after: .max) == 600)
    }

    @Test(
        "every kind of failure is tried again",
        arguments: [
            WebhookOutcome.timedOut, failed, .replied(WebhookReply(status: 500, body: [])),
            .replied(WebhookReply(status: 302, body: [])), .replied(WebhookReply(status: 404, body: [])),
        ]
    )
    func kinds(outcome: WebhookOutcome) {
        #expect(delay(after: 1, outcome) == 1)
        #expect(delay(after: 5, outcome) == 600)
    }

    @Test(
        "an event is tried for 24 h: an attempt falls within them or is not made",
        arguments: [
            (failures: 1, milliseconds: 86_398_999, delay: 1), (1, 86_399_000, nil), (1, 86_400_000, nil),
            (5, 85_799_999, 600), (5, 85_800_000, nil), (200, 85_799_999, 600), (1, .max / 2, nil),
        ] as [(failures: Int64, milliseconds: Int64, delay: Int64?)]
    )
    func patience(row: (failures: Int64, milliseconds: Int64, delay: Int64?)) {
        #expect(delay(after: row.failures, milliseconds: row.milliseconds) == row.delay)
    }

    @Test("over the day an event that always fails is tried 147 times")
    func wholeDay() {
        var (now, attempts) = (Self.start, Int64(0))
        while true {
            attempts += 1
            let next = RetrySchedule.next(after: attempts, Self.failed, .on, queuedAt: Self.start, at: now)
            guard let next else { break }
            now = next
        }
        // 1 + 5 + 25 + 125 s, then every 600 s up to 86,400 s.
        #expect(attempts == 5 + (86_400 - 156 - 1) / 600)
        #expect(now < Self.start.advanced(bySeconds: 86_400))
        #expect(now >= Self.start.advanced(bySeconds: 86_400 - 600))
    }

    @Test("the policy `timeout` tries a timeout three times again and nothing else")
    func timeoutPolicy() {
        #expect((1...5).map { delay(after: $0, .timedOut, .timeout) } == [1, 5, 25, nil, nil])
        for outcome in [Self.failed, .replied(WebhookReply(status: 500, body: []))] {
            #expect(delay(after: 1, outcome, .timeout) == nil)
            #expect(delay(after: 2, outcome, .timeout) == nil)
        }
    }

    @Test("the policy `off` never tries again")
    func offPolicy() {
        for outcome in [WebhookOutcome.timedOut, Self.failed] {
            #expect(delay(after: 1, outcome, .off) == nil)
        }
    }
}

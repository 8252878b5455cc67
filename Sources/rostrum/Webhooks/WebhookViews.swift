import Chat

/// An attempt as the command line shows it.
struct AttemptView: Encodable {
    let at: String
    let delivery: String
    let attempt: Int64
    let channel: String
    let command: String
    let outcome: String
    let status: Int64?
    let latencyMs: Int64
    /// The reply's first bytes.
    let reply: String

    init(_ entry: DeliveryLog.Entry) {
        (at, delivery, attempt) = (entry.at.iso8601, entry.delivery, entry.attempt)
        (channel, command, outcome) = (entry.channel, entry.command, entry.outcome)
        (status, latencyMs) = (entry.status, entry.latencyMilliseconds)
        reply = String(decoding: entry.reply, as: UTF8.self)
    }

    var line: String {
        "\(at)  \(delivery)  #\(attempt)  \(command)  \(channel)  \(outcome)  \(latencyMs) ms".asOneLine
    }
}

/// A dead letter as the command line shows it.
struct DeadLetterView: Encodable {
    let delivery: String
    let channel: String
    let command: String
    let queuedAt: String
    let diedAt: String
    let attempts: Int64
    let reason: String
    let body: String

    init(_ letter: DeadLetters.Letter) {
        (delivery, channel, command) = (letter.call.delivery, letter.channel, letter.call.command)
        (queuedAt, diedAt) = (letter.queuedAt.iso8601, letter.diedAt.iso8601)
        (attempts, reason) = (letter.attempts, letter.reason)
        body = String(decoding: letter.call.body, as: UTF8.self)
    }

    var line: String {
        "\(diedAt)  \(delivery)  \(command)  \(channel)  given up after \(attempts): \(reason)".asOneLine
    }
}

/// Everything about an application's webhooks at once.
struct OverviewView: Encodable {
    struct Backlog: Encodable {
        let channel: String
        let waiting: Int64
        let failures: Int64
        let dueAt: String
    }

    let waiting: [Backlog]
    let deadLetters: [DeadLetterView]
    let attempts: [AttemptView]

    init(waiting: [Deliveries.Backlog], deadLetters: [DeadLetters.Letter], attempts: [DeliveryLog.Entry]) {
        self.waiting = waiting.map {
            Backlog(channel: $0.channel, waiting: $0.waiting, failures: $0.failures, dueAt: $0.dueAt.iso8601)
        }
        self.deadLetters = deadLetters.map(DeadLetterView.init)
        self.attempts = attempts.map(AttemptView.init)
    }

    var lines: [String] {
        var lines = ["waiting: \(waiting.isEmpty ? "nothing" : "")"]
        lines += waiting.map { "  \($0.channel)  \($0.waiting) events, \($0.failures) failures, due \($0.dueAt)" }
        lines.append("dead letters: \(deadLetters.isEmpty ? "none" : "")")
        lines += deadLetters.map { "  " + $0.line }
        lines.append("newest attempts: \(attempts.isEmpty ? "none" : "")")
        lines += attempts.map { "  " + $0.line }
        return lines
    }
}

/// One delivery.
struct DeliveryView: Encodable {
    /// Nil unless it was given up.
    let deadLetter: DeadLetterView?
    let attempts: [AttemptView]

    init(_ letter: DeadLetters.Letter?, _ attempts: [DeliveryLog.Entry]) {
        deadLetter = letter.map(DeadLetterView.init)
        self.attempts = attempts.map(AttemptView.init)
    }

    var lines: [String] {
        var lines: [String] = []
        if let deadLetter { lines += [deadLetter.line, deadLetter.body.asOneLine] }
        for attempt in attempts {
            lines.append(attempt.line)
            if !attempt.reply.isEmpty { lines.append("  " + attempt.reply.asOneLine) }
        }
        return lines
    }
}

/// What came of a test event.
struct TestView: Encodable {
    let delivery: String
    let outcome: String
    let latencyMs: Int64
    /// The reply's first bytes.
    let reply: String

    init(_ attempt: WebhookAttempt) {
        (delivery, outcome) = (attempt.delivery, attempt.outcomeInWords)
        latencyMs = attempt.latency.wholeMilliseconds
        reply = String(decoding: attempt.replyHead, as: UTF8.self)
    }

    var lines: [String] {
        ["\(outcome), \(latencyMs) ms, delivery \(delivery)".asOneLine] + (reply.isEmpty ? [] : [reply.asOneLine])
    }
}

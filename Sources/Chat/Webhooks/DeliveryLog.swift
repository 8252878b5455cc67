package import ChatProtocol
package import Database

/// One attempt to reach a backend, and what came of it.
package struct WebhookAttempt: Sendable {
    package let delivery: String
    /// From 1; 0 for a remark about an answer.
    package let number: Int64
    /// The `CallbackCommand`.
    package let command: String
    package let channel: String
    package let at: Timestamp
    package let outcome: WebhookOutcome
    package let latency: Duration
    /// The body that was sent; empty for a remark.
    package let request: [UInt8]

    /// Whether a webhook reached its backend.
    package var isDelivered: Bool {
        if case .replied(let reply) = outcome { reply.status == WebhookReply.delivered } else { false }
    }

    /// How much of a reply is kept, in bytes.
    package static let longestReplyHead = 256

    /// The first bytes of the reply; empty when there was none.
    package var replyHead: [UInt8] {
        if case .replied(let reply) = outcome { Array(reply.body.prefix(Self.longestReplyHead)) } else { [] }
    }

    /// How much of a request is kept, in bytes; the longest broadcast's is shorter where `messageBytes` is the plan's.
    package static let longestRequestHead = 16_384

    /// What the log keeps of the request; nil where nothing need be kept.
    ///
    /// An "after" webhook that failed stands in the outbox or among the dead letters. All others are kept nowhere else:
    /// those delivered, and those that are tried once, "before" webhooks and the test event.
    var requestHead: [UInt8]? {
        let isRepeated = WebhookCommand(rawValue: command).map { !$0.isBefore } ?? false
        guard number > 0, isDelivered || !isRepeated else { return nil }
        return Array(request.prefix(Self.longestRequestHead))
    }

    /// What came of it, for the log: `status 200`, `timed out`, or why it failed.
    package var outcomeInWords: String {
        switch outcome {
        case .replied(let reply):
            "status \(reply.status)" + (reply.isWhole ? "" : ", a reply longer than \(WebhookReply.longest) bytes")
        case .timedOut: "timed out"
        case .failed(let reason): reason
        case .cancelled: "cancelled by the end of the server"
        }
    }
}

/// The record of attempts: one row each, kept for a week.
package enum DeliveryLog {
    /// How long an entry is kept, in seconds.
    package static let lifetime: Int64 = 7 * 86_400

    /// An attempt as it is shown.
    package struct Entry: Sendable, Equatable {
        package let at: Timestamp
        package let delivery: String
        package let attempt: Int64
        package let channel: String
        package let command: String
        /// In words: `status 200`, `timed out`, or why it failed.
        package let outcome: String
        /// The HTTP status, nil when there was no reply.
        package let status: Int64?
        package let latencyMilliseconds: Int64
        /// The first bytes of the reply.
        package let reply: [UInt8]

        package var isDelivered: Bool { status == Int64(WebhookReply.delivered) }
    }

    /// - Parameter attempts: a batch of the outbox's reader at most.
    static func add(
        _ attempts: [WebhookAttempt],
        remark: String? = nil,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) {
        guard !attempts.isEmpty else { return }
        let rows = attempts.map { row($0, remark: remark, of: application) }
        try tx.execute(
            """
            INSERT INTO webhook_attempts (app, at, delivery, attempt, channel, command, outcome, status, latency_ms,
                reply, request)
            VALUES \(rows: rows)
            ON CONFLICT (app, at, delivery, attempt) DO NOTHING
            """
        )
    }

    private static func row(
        _ attempt: WebhookAttempt,
        remark: String?,
        of application: SDKAppID
    ) -> [any SQLBindable] {
        let status: SQLValue =
            if case .replied(let reply) = attempt.outcome { .integer(Int64(reply.status)) } else { .null }
        let outcome = attempt.outcomeInWords + (remark.map { "; \($0)" } ?? "")
        return [
            application, attempt.at, attempt.delivery, attempt.number, attempt.channel, attempt.command, outcome,
            status, attempt.latency.wholeMilliseconds, attempt.replyHead, attempt.requestHead?.sqlValue ?? .null,
        ]
    }

    /// The newest attempts of an application, newest first.
    package static func newest(
        _ limit: Int,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> [Entry] {
        try tx.rows(
            """
            SELECT at, delivery, attempt, channel, command, outcome, status, latency_ms, reply FROM webhook_attempts
            WHERE app = \(application) ORDER BY at DESC, delivery DESC, attempt DESC LIMIT \(limit)
            """
        ).map { row throws(ChatError) in try entry(row) }
    }

    /// Every attempt of one delivery, oldest first.
    package static func attempts(
        of delivery: String,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> [Entry] {
        try tx.rows(
            """
            SELECT at, delivery, attempt, channel, command, outcome, status, latency_ms, reply FROM webhook_attempts
            WHERE app = \(application) AND delivery = \(delivery) ORDER BY at + 0, attempt LIMIT 1000
            """
        ).map { row throws(ChatError) in try entry(row) }
    }

    /// Forgets entries older than their lifetime, at most `batch` of them.
    ///
    /// - Returns: how many went.
    static func sweep(
        of application: SDKAppID,
        at now: Timestamp,
        batch: Int,
        in tx: any Transaction
    ) throws(ChatError) -> Int {
        let oldest = now.advanced(bySeconds: -lifetime)
        return try tx.execute(
            """
            DELETE FROM webhook_attempts WHERE (app, at, delivery, attempt) IN (
                SELECT app, at, delivery, attempt FROM webhook_attempts
                WHERE app = \(application) AND at < \(oldest) ORDER BY at LIMIT \(batch)
            )
            """
        )
    }

    static func entry(_ row: Row) throws(ChatError) -> Entry {
        Entry(
            at: try row.timestamp(0),
            delivery: try row.text(1),
            attempt: try row.integer(2),
            channel: try row.text(3),
            command: try row.text(4),
            outcome: try row.text(5),
            status: try row.optionalInteger(6),
            latencyMilliseconds: try row.integer(7),
            reply: try row.blob(8)
        )
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    package var wholeMilliseconds: Int64 {
        components.seconds &* 1000 &+ components.attoseconds / 1_000_000_000_000_000
    }
}

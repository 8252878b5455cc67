import ChatProtocol
import Database

extension DeliveryLog {
    /// Where an attempt stands in the log.
    package struct Place: Sendable, Equatable {
        package let at: Timestamp
        package let delivery: String
        package let attempt: Int64

        package init(at: Timestamp, delivery: String, attempt: Int64) {
            (self.at, self.delivery, self.attempt) = (at, delivery, attempt)
        }

        /// Before it stands every attempt that there is.
        fileprivate static let end = Place(at: Timestamp(milliseconds: .max), delivery: "", attempt: 0)
    }

    /// Which attempts are of interest.
    package struct Filter: Sendable, Equatable {
        package enum Outcome: String, CaseIterable, Sendable {
            case all, failed, delivered
        }

        package var outcome = Outcome.all
        /// A `CallbackCommand`; nil for every one.
        package var command: String?
        /// A channel's ID; nil for every one.
        package var channel: String?

        package init() {}

        fileprivate func matches(_ line: Line) -> Bool {
            switch outcome {
            case .all: break
            case .failed: guard !line.isDelivered else { return false }
            case .delivered: guard line.isDelivered else { return false }
            }
            return (command ?? line.command) == line.command && (channel ?? line.channel) == line.channel
        }
    }

    /// An attempt without what was sent and replied.
    package struct Line: Sendable, Equatable {
        package let place: Place
        package let channel: String
        package let command: String
        /// In words: `status 200`, `timed out`, or why it failed.
        package let outcome: String
        package let isDelivered: Bool
        package let latencyMilliseconds: Int64
    }

    /// What a search found.
    package struct Found: Sendable {
        /// Newest first.
        package let lines: [Line]
        /// Before which attempt the search has to go on; nil at the end of the log.
        package let next: Place?
        /// How many attempts were looked at.
        package let searched: Int
    }

    /// How many attempts one search looks at.
    package static let searchStep = 1000

    /// Looks for attempts from a place backwards: at most `limit` that match, among at most ``searchStep``.
    ///
    /// There is no index for each filter, which every attempt would have to pay for; so whoever seeks something rare goes
    /// back step by step.
    static func search(
        _ filter: Filter,
        before place: Place?,
        limit: Int,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Found {
        let place = place ?? .end
        // Reply and request are left alone: they may be long, and stand apart from the row.
        let rows = try tx.rows(
            """
            SELECT at, delivery, attempt, channel, command, outcome, status, latency_ms FROM webhook_attempts
            WHERE app = \(application) AND (at, delivery, attempt) < (\(place.at), \(place.delivery), \(place.attempt))
            ORDER BY at DESC, delivery DESC, attempt DESC LIMIT \(searchStep)
            """
        )
        var (lines, searched): ([Line], Int) = ([], 0)
        var last: Place?
        for row in rows where lines.count < limit {
            let line = Line(
                place: Place(at: try row.timestamp(0), delivery: try row.text(1), attempt: try row.integer(2)),
                channel: try row.text(3),
                command: try row.text(4),
                outcome: try row.text(5),
                isDelivered: try row.optionalInteger(6) == Int64(WebhookReply.delivered),
                latencyMilliseconds: try row.integer(7)
            )
            (last, searched) = (line.place, searched + 1)
            if filter.matches(line) { lines.append(line) }
        }
        let isEnd = rows.count < searchStep && searched == rows.count
        return Found(lines: lines, next: isEnd ? nil : last, searched: searched)
    }

    /// How attempts went lately.
    package struct FailureRate: Sendable, Equatable {
        /// Seconds that are looked back.
        package static let span: Int64 = 300
        /// Attempts that are looked at.
        package static let most = 1000

        package let attempts: Int
        package let failures: Int

        package init(attempts: Int, failures: Int) {
            (self.attempts, self.failures) = (attempts, failures)
        }
    }

    /// How the newest attempts of the last ``FailureRate/span`` went, at most ``FailureRate/most`` of them.
    static func failureRate(
        of application: SDKAppID,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) -> FailureRate {
        let row = try tx.row(
            """
            SELECT count(*), count(CASE WHEN status = \(WebhookReply.delivered) THEN 1 END) FROM (
                SELECT status FROM webhook_attempts
                WHERE app = \(application) AND at >= \(now.advanced(bySeconds: -FailureRate.span)) AND attempt > 0
                ORDER BY at DESC LIMIT \(FailureRate.most)
            ) AS latest
            """
        )
        let (attempts, delivered) = (try row?.integer(0) ?? 0, try row?.integer(1) ?? 0)
        return FailureRate(attempts: Int(attempts), failures: Int(attempts - delivered))
    }

    /// Attempts of one delivery from a place backwards, newest first.
    ///
    /// Here and below `+ 0` makes the order one of no index, so that SQLite finds by the delivery and does not walk
    /// through the log.
    static func attempts(
        of delivery: String,
        before place: Place?,
        limit: Int,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> [Entry] {
        let place = place ?? .end
        return try tx.rows(
            """
            SELECT at, delivery, attempt, channel, command, outcome, status, latency_ms, reply FROM webhook_attempts
            WHERE app = \(application) AND delivery = \(delivery) AND (at + 0, attempt) < (\(place.at), \(place.attempt))
            ORDER BY at + 0 DESC, attempt DESC LIMIT \(limit)
            """
        ).map { row throws(ChatError) in try entry(row) }
    }

    /// The newest attempt of a delivery, which is no remark.
    static func lastAttempt(
        of delivery: String,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Entry? {
        try tx.row(
            """
            SELECT at, delivery, attempt, channel, command, outcome, status, latency_ms, reply FROM webhook_attempts
            WHERE app = \(application) AND delivery = \(delivery) AND attempt > 0
            ORDER BY at + 0 DESC, attempt DESC LIMIT 1
            """
        ).map { row throws(ChatError) in try entry(row) }
    }

    /// The body of a delivery that ended, nil when it did not or is of a time when none was kept.
    static func request(
        of delivery: String,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> [UInt8]? {
        try tx.row(
            """
            SELECT request FROM webhook_attempts
            WHERE app = \(application) AND delivery = \(delivery) AND request IS NOT NULL ORDER BY at + 0 DESC LIMIT 1
            """
        )?.blob(0)
    }
}

package import ChatProtocol
package import Database
import Traces

/// "After" webhooks that were given up: kept for 30 days, so that an operator can send them again.
package enum DeadLetters {
    package struct Letter: Sendable, Equatable {
        package let channel: String
        package let call: WebhookCall
        package let queuedAt: Timestamp
        package let diedAt: Timestamp
        package let attempts: Int64
        /// Why the last attempt failed.
        package let reason: String
    }

    /// How long a letter is kept, in seconds.
    package static let lifetime: Int64 = 30 * 86_400

    /// Drops letters older than their lifetime, at most `batch` of them.
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
            DELETE FROM dead_letters WHERE (app, died_at, delivery) IN (
                SELECT app, died_at, delivery FROM dead_letters
                WHERE app = \(application) AND died_at < \(oldest) ORDER BY died_at LIMIT \(batch)
            )
            """
        )
    }

    static func add(
        _ waiting: Outbox.Waiting,
        attempts: Int64,
        _ reason: String,
        to channel: String,
        of application: SDKAppID,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) {
        let call = waiting.call
        try tx.execute(
            """
            INSERT INTO dead_letters (app, died_at, delivery, channel, number, command, body, client_address, platform,
                queued_at, attempts, reason, trace)
            VALUES (\(application), \(now), \(call.delivery), \(channel), \(waiting.number), \(call.command),
                \(call.body), \(call.clientAddress), \(call.platform.rawValue), \(waiting.queuedAt), \(attempts),
                \(reason), \(call.trace?.text))
            """
        )
    }

    /// Where a letter stands among the others.
    package struct Place: Sendable, Equatable {
        package let diedAt: Timestamp
        package let delivery: String

        package init(diedAt: Timestamp, delivery: String) {
            (self.diedAt, self.delivery) = (diedAt, delivery)
        }
    }

    /// The newest dead letters of an application, newest first.
    ///
    /// - Parameter place: those before it; nil from the newest on.
    package static func newest(
        _ limit: Int,
        before place: Place? = nil,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> [Letter] {
        let place = place ?? Place(diedAt: Timestamp(milliseconds: .max), delivery: "")
        return try tx.rows(
            """
            SELECT channel, delivery, command, body, client_address, platform, queued_at, died_at, attempts, reason,
                trace
            FROM dead_letters WHERE app = \(application) AND (died_at, delivery) < (\(place.diedAt), \(place.delivery))
            ORDER BY died_at DESC, delivery DESC LIMIT \(limit)
            """
        ).map { row throws(ChatError) in try letter(row) }
    }

    /// How many letters there are, counted to `most` and no further.
    static func count(atMost most: Int, of application: SDKAppID, in tx: any Transaction) throws(ChatError) -> Int {
        let row = try tx.row(
            """
            SELECT count(*) FROM (SELECT 1 FROM dead_letters WHERE app = \(application) LIMIT \(most)) AS counted
            """
        )
        return Int(try row?.integer(0) ?? 0)
    }

    /// Dead letters in the order of their events, to be sent again.
    static func oldest(
        _ limit: Int,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> [Letter] {
        try tx.rows(
            """
            SELECT channel, delivery, command, body, client_address, platform, queued_at, died_at, attempts, reason,
                trace
            FROM dead_letters WHERE app = \(application) ORDER BY died_at, queued_at, number, delivery LIMIT \(limit)
            """
        ).map { row throws(ChatError) in try letter(row) }
    }

    package static func find(
        _ delivery: String,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Letter? {
        try tx.row(
            """
            SELECT channel, delivery, command, body, client_address, platform, queued_at, died_at, attempts, reason,
                trace
            FROM dead_letters WHERE app = \(application) AND delivery = \(delivery)
            """
        ).map { row throws(ChatError) in try letter(row) }
    }

    /// Puts a letter back at the end of its channel's lane.
    static func revive(
        _ letter: Letter,
        of application: SDKAppID,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) {
        try tx.execute(
            """
            DELETE FROM dead_letters
            WHERE app = \(application) AND died_at = \(letter.diedAt) AND delivery = \(letter.call.delivery)
            """
        )
        try Outbox.add(letter.call, to: letter.channel, of: application, at: now, in: tx)
    }

    private static func letter(_ row: Row) throws(ChatError) -> Letter {
        Letter(
            channel: try row.text(0),
            call: WebhookCall(
                delivery: try row.text(1),
                command: try row.text(2),
                body: try row.blob(3),
                clientAddress: try row.text(4),
                platform: try row.value(5),
                trace: try row.optionalText(10).flatMap(TraceContext.init(text:))
            ),
            queuedAt: try row.timestamp(6),
            diedAt: try row.timestamp(7),
            attempts: try row.integer(8),
            reason: try row.text(9)
        )
    }
}

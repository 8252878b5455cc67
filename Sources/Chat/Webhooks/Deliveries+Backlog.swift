package import ChatProtocol
import Database

extension Deliveries {
    /// What waits in all outboxes together.
    package struct Standing: Sendable, Equatable {
        /// Events that wait, counted in ``lanesLooked`` channels of each application.
        package var waiting: Int64 = 0
        /// When the oldest event of these was queued; nil when none waits.
        package var oldest: Timestamp?
        /// Since when the longest overdue channel has been due; nil when none is.
        package var dueSince: Timestamp?

        package init() {}
    }

    /// Channels of one application whose events are counted: those that are due first, so that a look costs the same
    /// however many there are.
    package static let lanesLooked = 1000

    /// Looks at what waits, whichever node delivers it.
    package func standing() async throws(ChatError) -> Standing {
        let now = clock.now
        return try await database.read { tx throws(ChatError) in
            var standing = Standing()
            for (application, _) in try Outbox.applications(in: tx) {
                try Outbox.add(to: &standing, of: application, at: now, in: tx)
            }
            return standing
        }
    }
}

extension Outbox {
    fileprivate static func add(
        to standing: inout Deliveries.Standing,
        of application: SDKAppID,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) {
        let row = try tx.row(
            """
            SELECT CAST(coalesce(sum(waiting), 0) AS BIGINT), min(queued_at), min(due_at) FROM (
                SELECT lane.last_number + 1 - head.number AS waiting, head.queued_at, lane.due_at
                FROM (
                    SELECT app, channel, last_number, due_at FROM outbox_lanes WHERE app = \(application)
                    ORDER BY due_at LIMIT \(Deliveries.lanesLooked)
                ) AS lane
                JOIN outbox head ON head.app = lane.app AND head.channel = lane.channel AND head.number = (
                    SELECT min(number) FROM outbox WHERE outbox.app = lane.app AND outbox.channel = lane.channel
                )
            ) AS heads
            """
        )
        guard let row else { return }
        standing.waiting += try row.integer(0)
        standing.oldest = earlier(standing.oldest, try row.optionalInteger(1).map(Timestamp.init(milliseconds:)))
        let due = try row.optionalInteger(2).map(Timestamp.init(milliseconds:))
        standing.dueSince = earlier(standing.dueSince, due.flatMap { $0 <= now ? $0 : nil })
    }

    private static func earlier(_ left: Timestamp?, _ right: Timestamp?) -> Timestamp? {
        guard let left, let right else { return left ?? right }
        return min(left, right)
    }
}

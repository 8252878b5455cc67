import ChatProtocol
import Database
import Traces

/// "After" webhooks that wait to be delivered, in lanes: one for each channel, in the order of its events.
///
/// A row is written in the transaction of the change that it tells of and goes in the transaction that says that it was
/// delivered; what happens between, a crash among it, leads to another delivery and never to none. The lane's row holds
/// what its first waiting event needs: how often it failed and when it is due. The others wait behind it.
package enum Outbox {
    /// A lane with something due.
    package struct Lane: Sendable, Hashable {
        /// The channel's ID.
        package let channel: String
        /// Attempts at its first event that failed.
        package let failures: Int64
    }

    /// An event that waits.
    package struct Waiting: Sendable, Equatable {
        /// Its place in the lane.
        package let number: Int64
        package let call: WebhookCall
        package let queuedAt: Timestamp
    }

    /// What a reader did for a lane.
    package struct Settlement: Sendable {
        /// The delivery that was the lane's first when its events were read; nil when there was none.
        package let head: String?
        /// Every attempt that was made, in order.
        package var attempts: [WebhookAttempt] = []
        /// The number of the last event that is done with; nil when none is.
        package var doneUpTo: Int64?
        /// What became of the first event that was not delivered; nil when there was none.
        package var failure: Failure?

        /// - Parameter first: the lane's first events, as they were read.
        package init(of first: [Waiting]) {
            head = first.first?.call.delivery
        }

        package enum Failure: Sendable {
            /// It is due again, after so many failures.
            case retry(failures: Int64, at: Timestamp)
            /// It is given up: kept for an operator.
            case dead(Waiting, attempts: Int64, reason: String)
        }
    }

    /// Adds an event at the end of its channel's lane.
    static func add(
        _ call: WebhookCall,
        to channel: String,
        of application: SDKAppID,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) {
        // The lane's row is locked here, so that numbers are given in the order of commits.
        let lane = try tx.row(
            """
            INSERT INTO outbox_lanes (app, channel, last_number, failures, due_at)
            VALUES (\(application), \(channel), 1, 0, \(now))
            ON CONFLICT (app, channel) DO UPDATE SET last_number = outbox_lanes.last_number + 1
            RETURNING last_number
            """
        )
        guard let number = try lane?.integer(0) else {
            throw .internalFault(DatabaseError(.statement, "an outbox lane gave no number"))
        }
        try tx.execute(
            """
            INSERT INTO outbox (app, channel, number, delivery, command, body, client_address, platform, queued_at,
                trace)
            VALUES (\(application), \(channel), \(number), \(call.delivery), \(call.command), \(call.body),
                \(call.clientAddress), \(call.platform.rawValue), \(now), \(call.trace?.text))
            """
        )
    }

    /// Every application that has something waiting, and who reads its outbox; nil where nobody does yet.
    static func applications(
        in tx: any Transaction
    ) throws(ChatError) -> [(application: SDKAppID, reader: Leaseholder?)] {
        // From one application to the next by the key: the rows between are not read.
        var found: [(application: SDKAppID, reader: Leaseholder?)] = []
        var last: Int64 = 0
        while let row = try tx.row(
            """
            SELECT lane.app, leases.node, leases.token, nodes.beats FROM outbox_lanes lane
            LEFT JOIN leases ON leases.app = lane.app AND leases.work = \(SoleWork.Name.webhooks.rawValue)
            LEFT JOIN nodes ON nodes.node = leases.node
            WHERE lane.app > \(last) ORDER BY lane.app LIMIT 1
            """
        ) {
            let id = try row.application(0)
            let reader = try row.optionalText(1).map { node throws(ChatError) in
                Leaseholder(node: node, token: try row.integer(2), beats: try row.optionalInteger(3))
            }
            found.append((id, reader))
            last = id.rawValue
        }
        return found
    }

    /// How far the clocks of two nodes may be apart, in seconds.
    static let clockTolerance: Int64 = 120

    /// Lanes that are due, the longest overdue first.
    ///
    /// One that did not fail is due whatever the clock of whoever wrote it says; the moment only gives it a place.
    static func dueLanes(
        of application: SDKAppID,
        at now: Timestamp,
        limit: Int,
        in tx: any Transaction
    ) throws(ChatError) -> [Lane] {
        try tx.rows(
            """
            SELECT channel, failures FROM outbox_lanes
            WHERE app = \(application) AND due_at <= \(now.advanced(bySeconds: clockTolerance))
                AND (due_at <= \(now) OR failures = 0)
            ORDER BY due_at, channel LIMIT \(limit)
            """
        ).map { row throws(ChatError) in
            Lane(channel: try row.text(0), failures: try row.integer(1))
        }
    }

    /// The first events of a lane, in order.
    static func first(
        _ limit: Int,
        of channel: String,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> [Waiting] {
        try tx.rows(
            """
            SELECT number, delivery, command, body, client_address, platform, queued_at, trace FROM outbox
            WHERE app = \(application) AND channel = \(channel) ORDER BY number LIMIT \(limit)
            """
        ).map { row throws(ChatError) in try waiting(row) }
    }

    /// An event that waits among the first `depth` of its lane; an event is sought by its place, not by its delivery.
    static func find(
        _ delivery: String,
        of channel: String,
        depth: Int,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Waiting? {
        try tx.row(
            """
            SELECT number, delivery, command, body, client_address, platform, queued_at, trace FROM (
                SELECT * FROM outbox WHERE app = \(application) AND channel = \(channel) ORDER BY number LIMIT \(depth)
            ) AS ahead WHERE delivery = \(delivery)
            """
        ).map { row throws(ChatError) in try waiting(row) }
    }

    private static func waiting(_ row: Row) throws(ChatError) -> Waiting {
        Waiting(
            number: try row.integer(0),
            call: WebhookCall(
                delivery: try row.text(1),
                command: try row.text(2),
                body: try row.blob(3),
                clientAddress: try row.text(4),
                platform: try row.value(5),
                trace: try row.optionalText(7).flatMap(TraceContext.init(text:))
            ),
            queuedAt: try row.timestamp(6)
        )
    }

    /// Writes down what became of a lane's events.
    ///
    /// Nothing when the lease is another node's by now: that node sends the same events, and writes down its own. And
    /// nothing of a lane that is gone: its application was deleted or emptied meanwhile. One of the same channel may be
    /// there again, with other events under the same numbers, therefore the first event must be the one that was read.
    ///
    /// - Returns: whether the lease still holds.
    static func settle(
        _ settlement: Settlement,
        of channel: String,
        of application: SDKAppID,
        under lease: Lease,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        guard try LeaseTable.isValid(lease, in: tx) else { return false }
        let head = try tx.row(
            """
            SELECT delivery FROM outbox WHERE app = \(application) AND channel = \(channel) ORDER BY number LIMIT 1
            """
        )?.text(0)
        guard head == settlement.head else { return true }
        if head != nil { try write(settlement, of: channel, of: application, at: now, in: tx) }
        try tx.execute(
            """
            DELETE FROM outbox_lanes WHERE app = \(application) AND channel = \(channel) AND NOT EXISTS (
                SELECT 1 FROM outbox WHERE app = \(application) AND channel = \(channel)
            )
            """
        )
        return true
    }

    private static func write(
        _ settlement: Settlement,
        of channel: String,
        of application: SDKAppID,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) {
        let (failures, dueAt): (Int64, Timestamp) =
            if case .retry(let count, let moment) = settlement.failure { (count, moment) } else { (0, now) }
        try tx.execute(
            """
            UPDATE outbox_lanes SET failures = \(failures), due_at = \(dueAt)
            WHERE app = \(application) AND channel = \(channel)
            """
        )
        try DeliveryLog.add(settlement.attempts, of: application, in: tx)
        if let last = settlement.doneUpTo {
            try tx.execute(
                "DELETE FROM outbox WHERE app = \(application) AND channel = \(channel) AND number <= \(last)"
            )
        }
        if case .dead(let waiting, let attempts, let reason) = settlement.failure {
            try tx.execute(
                """
                DELETE FROM outbox WHERE app = \(application) AND channel = \(channel) AND number = \(waiting.number)
                """
            )
            try DeadLetters.add(waiting, attempts: attempts, reason, to: channel, of: application, at: now, in: tx)
        }
    }
}

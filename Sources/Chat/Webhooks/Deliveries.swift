package import ChatProtocol
package import Database
package import EventBus

/// "After" webhooks on their way: what is due, what became of it, and what an operator can see and do about it.
package struct Deliveries: Sendable {
    let database: any Database
    private let bus: any EventBus
    let clock: any WallClock

    package init(database: any Database, bus: any EventBus, clock: any WallClock) {
        (self.database, self.bus, self.clock) = (database, bus, clock)
    }

    // For the outbox's reader.

    /// What waits, as one node sees it.
    package struct Due: Sendable {
        /// What this node has to deliver, by application, the longest overdue first.
        package var lanes: [(application: SDKAppID, lane: Outbox.Lane, lease: Lease)] = []
        /// Applications whose outbox nobody reads, and who did before; nil for nobody.
        package var free: [(application: SDKAppID, former: Leaseholder?)] = []
        /// Applications whose outbox another node reads.
        package var elsewhere: Set<SDKAppID> = []
    }

    /// Looks for what waits.
    ///
    /// - Parameters:
    ///   - view: of the node that would deliver it.
    ///   - underWay: channels that are being delivered to and are not to be given again.
    ///   - limit: of lanes of one application, those under way among them.
    package func due(
        for view: Leases.View,
        besides underWay: [SDKAppID: Set<String>],
        limit: Int
    ) async throws(ChatError) -> Due {
        let now = clock.now
        return try await database.read { tx throws(ChatError) in
            var due = Due()
            for (application, reader) in try Outbox.applications(in: tx) {
                switch view.standing(of: .webhooks(application), heldBy: reader) {
                case .elsewhere: due.elsewhere.insert(application)
                case .free: due.free.append((application, reader))
                case .ours(let lease):
                    let busy = underWay[application] ?? []
                    guard busy.count < limit else { continue }
                    let lanes = try Outbox.dueLanes(of: application, at: now, limit: limit + busy.count, in: tx)
                    let free = lanes.filter { !busy.contains($0.channel) }
                    due.lanes += free.prefix(limit - busy.count).map { (application, $0, lease) }
                }
            }
            return due
        }
    }

    /// The first events of a lane, in order.
    package func first(
        _ limit: Int,
        of lane: Outbox.Lane,
        of application: SDKAppID
    ) async throws(ChatError) -> [Outbox.Waiting] {
        try await database.read { tx throws(ChatError) in
            try Outbox.first(limit, of: lane.channel, of: application, in: tx)
        }
    }

    /// Writes down what became of a lane's events; durable when it returns.
    ///
    /// - Returns: false when another node delivers the application's webhooks by now; then nothing is written.
    package func settle(
        _ settlement: Outbox.Settlement,
        of lane: Outbox.Lane,
        of application: SDKAppID,
        under lease: Lease
    ) async throws(ChatError) -> Bool {
        let now = clock.now
        return try await database.write(of: .application(application)) { tx throws(ChatError) in
            try Outbox.settle(settlement, of: lane.channel, of: application, under: lease, at: now, in: tx)
        }
    }

    // For operators.

    /// A channel whose events wait.
    package struct Backlog: Sendable, Equatable {
        package let channel: String
        package let waiting: Int64
        /// Attempts at the first one that failed.
        package let failures: Int64
        package let dueAt: Timestamp
    }

    /// The newest attempts, newest first.
    package func log(of application: SDKAppID, newest limit: Int) async throws(ChatError) -> [DeliveryLog.Entry] {
        try await database.read { tx throws(ChatError) in try DeliveryLog.newest(limit, of: application, in: tx) }
    }

    /// Channels with events that wait, the next one due first.
    ///
    /// A lane has no gaps: its numbers are given one after the other, and events leave it from its beginning.
    package func backlog(of application: SDKAppID, limit: Int) async throws(ChatError) -> [Backlog] {
        try await database.read { tx throws(ChatError) in
            try tx.rows(
                """
                SELECT lane.channel, lane.failures, lane.due_at, coalesce(lane.last_number + 1 -
                    (SELECT min(number) FROM outbox WHERE outbox.app = lane.app AND outbox.channel = lane.channel), 0)
                FROM outbox_lanes lane WHERE lane.app = \(application) ORDER BY lane.due_at, lane.channel LIMIT \(limit)
                """
            ).map { row throws(ChatError) in
                Backlog(
                    channel: try row.text(0),
                    waiting: try row.integer(3),
                    failures: try row.integer(1),
                    dueAt: try row.timestamp(2)
                )
            }
        }
    }

    /// One delivery: its dead letter, nil when it is none, and its attempts, oldest first.
    package func find(
        _ delivery: String,
        of application: SDKAppID
    ) async throws(ChatError) -> (letter: DeadLetters.Letter?, attempts: [DeliveryLog.Entry]) {
        try await database.read { tx throws(ChatError) in
            (
                try DeadLetters.find(delivery, of: application, in: tx),
                try DeliveryLog.attempts(of: delivery, of: application, in: tx)
            )
        }
    }

    /// Sends a dead letter again: at the end of its channel's lane, under its old delivery id.
    ///
    /// - Returns: whether there was such a letter.
    package func retry(
        _ delivery: String,
        of application: SDKAppID,
        by operation: Operation
    ) async throws(ChatError) -> Bool {
        let now = clock.now
        let found = try await database.write(of: .application(application)) { tx throws(ChatError) in
            guard let letter = try DeadLetters.find(delivery, of: application, in: tx) else { return false }
            try DeadLetters.revive(letter, of: application, at: now, in: tx)
            try Audit.record(operation.entry("webhooks retry \(delivery)", of: application), of: application, in: tx)
            return true
        }
        if found { bus.publish(.outboxFilled(application)) }
        return found
    }

    /// Sends every dead letter again, in batches, the oldest first.
    ///
    /// - Returns: how many there were.
    package func retryAll(of application: SDKAppID, by operation: Operation) async throws(ChatError) -> Int {
        let now = clock.now
        var revived = 0
        var step = 0
        while true {
            let part = step
            let count = try await database.write(of: .application(application)) { tx throws(ChatError) in
                // Those that die again meanwhile are not for this turn.
                let letters = try DeadLetters.oldest(500, of: application, in: tx).filter { $0.diedAt <= now }
                for letter in letters { try DeadLetters.revive(letter, of: application, at: now, in: tx) }
                if !letters.isEmpty {
                    let entry = operation.entry("webhooks retry \(letters.count)", of: application, step: part)
                    try Audit.record(entry, of: application, in: tx)
                }
                return letters.count
            }
            guard count > 0 else { break }
            (revived, step) = (revived + count, step + 1)
        }
        if revived > 0 { bus.publish(.outboxFilled(application)) }
        return revived
    }
}

package import ChatProtocol
import Database

/// All that is known of one delivery.
package struct DeliveryTrace: Sendable {
    /// A page of its attempts, remarks among them, oldest first.
    package let attempts: [DeliveryLog.Entry]
    /// Before which of them there are others; nil where these begin with the first.
    package let older: DeliveryLog.Place?
    /// The newest attempt of all; nil when none was made, or none is known any more.
    package let last: DeliveryLog.Entry?
    /// Nil unless it was given up.
    package let letter: DeadLetters.Letter?
    /// Nil unless it waits, not too far from the beginning of its lane.
    package let waiting: Outbox.Waiting?
    /// What is sent, at most ``WebhookAttempt/longestRequestHead`` bytes of it when the delivery has ended; nil when it is
    /// not known.
    package let request: [UInt8]?
}

extension Deliveries {
    /// How far from the beginning of its lane an event that waits is found.
    private static let depth = 1000

    /// - Parameters:
    ///   - place: from which the log is read backwards; nil for its newest end.
    ///   - limit: of attempts that match.
    package func search(
        _ filter: DeliveryLog.Filter,
        before place: DeliveryLog.Place?,
        limit: Int,
        of application: SDKAppID
    ) async throws(ChatError) -> DeliveryLog.Found {
        try await database.read { tx throws(ChatError) in
            try DeliveryLog.search(filter, before: place, limit: limit, of: application, in: tx)
        }
    }

    /// How attempts went in the last minutes.
    package func failureRate(of application: SDKAppID) async throws(ChatError) -> DeliveryLog.FailureRate {
        let now = clock.now
        return try await database.read { tx throws(ChatError) in
            try DeliveryLog.failureRate(of: application, at: now, in: tx)
        }
    }

    /// What became of a delivery, nil when nothing is known of it, or no longer.
    ///
    /// - Parameters:
    ///   - place: from which its attempts are read backwards; nil for the newest.
    ///   - limit: of attempts.
    package func trace(
        _ delivery: String,
        before place: DeliveryLog.Place? = nil,
        limit: Int,
        of application: SDKAppID
    ) async throws(ChatError) -> DeliveryTrace? {
        try await database.read { tx throws(ChatError) in
            // One more than a page has tells whether there is another.
            let found = try DeliveryLog.attempts(
                of: delivery,
                before: place,
                limit: limit + 1,
                of: application,
                in: tx
            )
            let attempts = Array(found.prefix(limit).reversed())
            let last = try DeliveryLog.lastAttempt(of: delivery, of: application, in: tx)
            let letter = try DeadLetters.find(delivery, of: application, in: tx)
            guard let channel = letter?.channel ?? (last ?? attempts.last)?.channel else { return nil }
            let waiting =
                letter == nil
                ? try Outbox.find(delivery, of: channel, depth: Self.depth, of: application, in: tx) : nil
            let kept = try DeliveryLog.request(of: delivery, of: application, in: tx)
            let oldest = attempts.first.map {
                DeliveryLog.Place(at: $0.at, delivery: delivery, attempt: $0.attempt)
            }
            return DeliveryTrace(
                attempts: attempts,
                older: found.count > attempts.count ? oldest : nil,
                last: last,
                letter: letter,
                waiting: waiting,
                request: letter?.call.body ?? waiting?.call.body ?? kept
            )
        }
    }

    /// A page of dead letters, newest first.
    package func deadLetters(
        of application: SDKAppID,
        newest limit: Int,
        before place: DeadLetters.Place? = nil
    ) async throws(ChatError) -> [DeadLetters.Letter] {
        try await database.read { tx throws(ChatError) in
            try DeadLetters.newest(limit, before: place, of: application, in: tx)
        }
    }

    /// How many dead letters there are, counted to `most` and no further.
    package func countDeadLetters(of application: SDKAppID, atMost most: Int) async throws(ChatError) -> Int {
        try await database.read { tx throws(ChatError) in
            try DeadLetters.count(atMost: most, of: application, in: tx)
        }
    }
}

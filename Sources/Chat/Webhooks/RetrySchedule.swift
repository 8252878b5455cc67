/// When an "after" webhook that failed is tried again.
///
/// Source: design section 5.
package enum RetrySchedule {
    /// Seconds before the second attempt, the third and so on; the last one holds for all that follow.
    static let delays: [Int64] = [1, 5, 25, 125, 600]
    /// How long an event is tried, in seconds.
    package static let patience: Int64 = 86_400
    /// How often a timeout is tried again under the policy ``WebhookSettings/Retry/timeout``.
    package static let timeoutRetries: Int64 = 3

    /// The moment of the next attempt; nil when the event is to be given up.
    ///
    /// - Parameters:
    ///   - failures: how often it failed, this time included; at least 1.
    ///   - queuedAt: when the event was put into the outbox.
    package static func next(
        after failures: Int64,
        _ outcome: WebhookOutcome,
        _ retry: WebhookSettings.Retry,
        queuedAt: Timestamp,
        at now: Timestamp
    ) -> Timestamp? {
        let last = delays.last ?? 0
        let delay = Int(exactly: failures - 1).flatMap { delays.indices.contains($0) ? delays[$0] : nil } ?? last
        let next = now.advanced(bySeconds: delay)
        switch retry {
        case .off: return nil
        case .timeout: return outcome == .timedOut && failures <= timeoutRetries ? next : nil
        case .on: return next < queuedAt.advanced(bySeconds: patience) ? next : nil
        }
    }
}

import Chat
import ChatProtocol
import Synchronization

/// Counts the calls of each command of each application: a token bucket whose rate and depth are `callsPerSecond`.
///
/// Source: spec/conventions.md section 5.
final class FrequencyLimit: Sendable {
    private struct Key: Hashable {
        let application: SDKAppID
        let command: String
    }

    private struct Bucket {
        /// In thousandths of a call, so that a millisecond's share of any rate is a whole number.
        var thousandths: Int64
        var filledAt: Timestamp
    }

    private let buckets = Mutex<[Key: Bucket]>([:])

    /// - Parameter rate: calls in a second; 0 for no limit.
    /// - Returns: whether the call is within the limit.
    func admits(_ command: String, of application: SDKAppID, rate: Int64, at now: Timestamp) -> Bool {
        guard rate > 0 else { return true }
        let depth = rate * 1000
        return buckets.withLock { buckets in
            let key = Key(application: application, command: command)
            var bucket = buckets[key] ?? Bucket(thousandths: depth, filledAt: now)
            // A clock that was set back fills nothing, and one that jumped ahead no more than the depth.
            let elapsed = min(1000, max(0, now.milliseconds(since: bucket.filledAt)))
            bucket.thousandths = min(depth, bucket.thousandths + elapsed * rate)
            // Calls may come a little out of their order; only a clock that was set back goes back.
            let isSetBack = now.milliseconds(since: bucket.filledAt) < -1000
            bucket.filledAt = isSetBack ? now : max(bucket.filledAt, now)
            let isAdmitted = bucket.thousandths >= 1000
            if isAdmitted { bucket.thousandths -= 1000 }
            buckets[key] = bucket
            return isAdmitted
        }
    }
}

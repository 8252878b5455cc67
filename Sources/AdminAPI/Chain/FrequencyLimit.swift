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
        var tokens: Double
        var filledAt: Timestamp
    }

    private let buckets = Mutex<[Key: Bucket]>([:])

    /// - Parameter rate: calls in a second; 0 for no limit.
    /// - Returns: whether the call is within the limit.
    func admits(_ command: String, of application: SDKAppID, rate: Int64, at now: Timestamp) -> Bool {
        guard rate > 0 else { return true }
        let depth = Double(rate)
        return buckets.withLock { buckets in
            let key = Key(application: application, command: command)
            var bucket = buckets[key] ?? Bucket(tokens: depth, filledAt: now)
            // A clock that was set back fills nothing, and one that jumped ahead no more than the depth.
            let elapsed = max(0, now.milliseconds(since: bucket.filledAt))
            bucket.tokens = min(depth, bucket.tokens + Double(elapsed) * depth / 1000)
            bucket.filledAt = now
            let isAdmitted = bucket.tokens >= 1
            if isAdmitted { bucket.tokens -= 1 }
            buckets[key] = bucket
            return isAdmitted
        }
    }
}

import NIOCore

/// How many requests a session may make: a burst, then so many a second.
struct RequestAllowance {
    static let burst = 200.0
    static let perSecond = 50.0
    static let rule = "\(Int(burst)) at once, then \(Int(perSecond)) a second"

    private var left = burst
    private var at: NIODeadline

    init(at now: NIODeadline) {
        at = now
    }

    /// Counts requests that came together with one that was allowed.
    ///
    /// - Returns: false when they are more than are allowed.
    mutating func charge(_ count: Int) -> Bool {
        left -= Double(count)
        return left >= 0
    }

    /// Whether one more may be made now.
    mutating func take(at now: NIODeadline) -> Bool {
        left = min(Self.burst, left + Double((now - at).nanoseconds) / 1e9 * Self.perSecond)
        at = now
        guard left >= 1 else { return false }
        left -= 1
        return true
    }
}

package import NIOCore

/// How much of something a peer may do: a burst, then so much a second.
package struct Allowance {
    package struct Rule: Sendable, CustomStringConvertible {
        let burst: Double
        let perSecond: Double

        package init(burst: Double, perSecond: Double) {
            (self.burst, self.perSecond) = (burst, perSecond)
        }

        package var description: String { "\(Int(burst)) at once, then \(Int(perSecond)) a second" }
    }

    private let rule: Rule
    private var left: Double
    private var at: NIODeadline

    package init(_ rule: Rule, at now: NIODeadline) {
        (self.rule, left, at) = (rule, rule.burst, now)
    }

    /// How long nothing more may be done until what was is within what is allowed.
    package func delay(at now: NIODeadline) -> TimeAmount {
        let owed = -left / rule.perSecond - Double((now - at).nanoseconds) / 1e9
        return .nanoseconds(max(0, Int64(owed * 1e9)))
    }

    /// Counts what was done.
    ///
    /// - Returns: false when it is more than is allowed.
    @discardableResult
    package mutating func take(_ count: Int, at now: NIODeadline) -> Bool {
        left = min(rule.burst, left + Double((now - at).nanoseconds) / 1e9 * rule.perSecond) - Double(count)
        at = now
        return left >= 0
    }
}

/// How fast requests are sent on one connection: somewhat more slowly than the server closes it for (200 at once, then
/// 50 a second; docs/subscriber-protocol.md, Ends).
struct RequestPace {
    static let burst = 150
    private static let interval: Duration = .milliseconds(25)

    /// When as many as ``burst`` may be sent at once again.
    private var restedAt: Duration = .zero

    /// - Returns: how long to wait before a request may be sent; it is counted when that is not at all.
    mutating func claim(at now: Duration) -> Duration {
        let pause = max(restedAt, now) + Self.interval - now - Self.interval * Self.burst
        guard pause <= .zero else { return pause }
        count(at: now)
        return .zero
    }

    /// Counts a request that waits for nothing.
    mutating func count(at now: Duration) {
        restedAt = max(restedAt, now) + Self.interval
    }
}

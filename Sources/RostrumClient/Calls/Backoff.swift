/// How long to wait before something is tried again: twice as long each time, up to a bound.
///
/// Each pause is between half of that and all of it, at random, so that many clients which failed together do not come
/// back together.
public struct Backoff: Sendable, Equatable {
    /// Before the first try again, at most.
    public var firstPause: Duration
    /// Before any later one, at most.
    public var longestPause: Duration

    /// - Parameters:
    ///   - firstPause: above zero.
    ///   - longestPause: at least `firstPause`.
    public init(firstPause: Duration, longestPause: Duration) {
        (self.firstPause, self.longestPause) = (firstPause, longestPause)
    }

    /// The pause before a try again.
    ///
    /// - Parameters:
    ///   - retry: 1 for the first try again.
    ///   - random: any number, each equally likely.
    package func pause(beforeRetry retry: Int, random: UInt64) -> Duration {
        var full = min(firstPause, longestPause)
        var doublings = retry - 1
        while doublings > 0, full > .zero, full < longestPause {
            full = min(full * 2, longestPause)
            doublings -= 1
        }
        let thousandths = Int(random % 501)
        return full * (500 + thousandths) / 1000
    }
}

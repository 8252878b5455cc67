/// Tells from what one node sees of the others' beats which of them have ended.
///
/// A beat is a number that a node counts up; no time of another machine comes into it. What counts is how long this
/// node has looked at one that did not move. Time in which it did not look does not count: one that was paused, or
/// that did not reach the storage, learns nothing about others by that.
struct NodeWatch: Sendable {
    /// After so long without a beat a node has ended, or is taken to have.
    static let patience = Duration.milliseconds(5500)
    /// How much a look says about the time before it.
    static let longestSight = Duration.seconds(3)

    private struct Sight {
        let beats: Int64
        var silence = Duration.zero
    }

    private var sights: [String: Sight] = [:]
    private var lastLook: ContinuousClock.Instant?

    /// Takes down what the storage holds.
    ///
    /// - Parameter now: not before it was read.
    mutating func see(_ nodes: [String: Int64], at now: ContinuousClock.Instant) {
        let passed = min(lastLook.map { now - $0 } ?? .zero, Self.longestSight)
        lastLook = now
        let before = sights
        sights = nodes.reduce(into: [:]) { sights, node in
            var sight = Sight(beats: node.value)
            if let known = before[node.key], known.beats == node.value { sight.silence = known.silence + passed }
            sights[node.key] = sight
        }
    }

    /// Whether a node has ended that was read with so many beats.
    func isSilent(_ node: String, after beats: Int64) -> Bool {
        guard let sight = sights[node], sight.beats == beats else { return false }
        return sight.silence >= Self.patience
    }

    /// Those that have ended, with their last beats.
    var silent: [String: Int64] {
        sights.filter { $0.value.silence >= Self.patience }.mapValues(\.beats)
    }
}

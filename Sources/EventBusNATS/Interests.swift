import EventBus

/// What a node follows, and how far the bus has said so.
struct Interests {
    private struct Interest {
        /// Negative when it was taken back before it was asked for.
        var followers = 0
        var isConfirmed = false
    }

    private var interests: [Topic: Interest] = [:]
    /// Topics whose subscription may have to be made or ended.
    private var changed: Set<Topic> = []
    /// Who waits until what has changed is confirmed.
    private var waiting: [@Sendable () -> Void] = []
    /// Whether somebody is going to take what has changed.
    private var isWoken = false

    /// Counts followers of a topic in or out.
    ///
    /// - Returns: whether what is published on it is known to come here.
    @discardableResult
    mutating func count(_ topic: Topic, _ difference: Int) -> Bool {
        var interest = interests[topic] ?? Interest()
        let wasFollowed = interest.followers > 0
        interest.followers += difference
        if wasFollowed != (interest.followers > 0) {
            interest.isConfirmed = false
            changed.insert(topic)
        }
        interests[topic] = interest.followers == 0 ? nil : interest
        return interest.isConfirmed
    }

    mutating func wait(_ confirmed: @escaping @Sendable () -> Void) {
        waiting.append(confirmed)
    }

    /// Whether whoever takes has to be woken, now that something may have changed.
    mutating func wakes() -> Bool {
        guard !isWoken, !changed.isEmpty || !waiting.isEmpty else { return false }
        isWoken = true
        return true
    }

    /// Takes what has changed since it was taken last, and who waits for it.
    mutating func take() -> (changed: [(topic: Topic, isFollowed: Bool)], waiting: [@Sendable () -> Void]) {
        defer { (changed, waiting, isWoken) = ([], [], false) }
        return (changed.map { ($0, (interests[$0]?.followers ?? 0) > 0) }, waiting)
    }

    /// Every topic that is followed.
    var followed: [Topic] { interests.filter { $0.value.followers > 0 }.map(\.key) }

    /// The bus has subscriptions to the topics; one that has been taken back meanwhile stays as it is.
    mutating func confirm(_ topics: [Topic]) {
        for topic in topics where !changed.contains(topic) { interests[topic]?.isConfirmed = true }
    }

    /// The bus is away, and its subscriptions with it.
    mutating func confirmNothing() {
        for topic in interests.keys { interests[topic]?.isConfirmed = false }
    }
}

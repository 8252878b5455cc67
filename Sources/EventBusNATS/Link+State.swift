import EventBus

extension Link {
    /// What is followed, and how the link is.
    struct State {
        var interests = Interests()
        /// Whether there is a server that answers.
        private(set) var isUp = false
        /// The newest connection that has ended; they are numbered in their order.
        var ended: UInt = 0
        /// Whether messages were dropped, or may have been since somebody looked.
        var isDropping = false
        var fault: String? = "not connected yet"
        var isStopped = false
        private var server: String?

        /// Counts a follower of each of some topics in.
        ///
        /// - Parameter confirmed: kept when there is something to wait for.
        /// - Returns: whether there is nothing, and whether whoever makes subscriptions has to be woken.
        mutating func follow(
            _ topics: [Topic],
            confirmed: @escaping @Sendable () -> Void
        ) -> (isDone: Bool, wakes: Bool) {
            var isConfirmed = true
            for topic in topics where !interests.count(topic, 1) { isConfirmed = false }
            let isDone = isConfirmed || !isUp
            if !isDone { interests.wait(confirmed) }
            return (isDone, interests.wakes())
        }

        /// Counts a follower of each of some topics out.
        ///
        /// - Returns: whether whoever makes subscriptions has to be woken.
        mutating func unfollow(_ topics: [Topic]) -> Bool {
            for topic in topics { interests.count(topic, -1) }
            return interests.wakes()
        }

        /// A server is there, and has the subscriptions to these topics.
        mutating func isThere(at server: String, with topics: [Topic]) {
            (isUp, self.server, fault) = (true, server, nil)
            interests.confirm(topics)
        }

        mutating func isAway(because fault: String) {
            (isUp, server, self.fault) = (false, nil, fault)
            interests.confirmNothing()
        }

        /// The link has ended.
        ///
        /// - Returns: who still waits.
        mutating func end() -> [@Sendable () -> Void] {
            isUp = false
            return interests.take().waiting
        }

        var status: BusStatus {
            BusStatus(isConnected: isUp, server: server, fault: fault, topics: interests.followed.count)
        }
    }
}

/// Carries committed events to every node that they concern.
///
/// Delivery is at most once, and the storage is the truth: a lost event costs time and never more. Who listens makes
/// good what it did not hear:
/// * a channel's events within 5 s: the heads of channels are compared with the storage a little more often,
/// * settings, keys and signatures of applications, and what webhooks are due, within 5 s, for no cache is older,
/// * kicks, deleted accounts and changed subscriptions of those who are connected at once when the bus says that it may
///   have lost something (``listenForGaps(_:)``), and within 60 s when it lost something without noticing.
///
/// Online-only messages are nowhere but here: one that is lost stays lost.
package protocol EventBus: Sendable {
    /// Tells every listener on every node that the event concerns; returns when those of this node have been told.
    ///
    /// Does not wait for other nodes, and never for the network, so that it may be called where a commit ends.
    func publish(_ event: Event)

    /// Adds a listener for the life of the bus; it must not block.
    ///
    /// What one node publishes is heard in the order in which it was published; what several do, in any.
    func listen(_ listener: @escaping @Sendable (Event) -> Void)

    /// Has other nodes' events of some topics come here, until ``unfollow(_:)`` has been called as often for each.
    ///
    /// - Parameter confirmed: called once, from anywhere: what is published from then on arrives; or the bus is away and
    ///   it makes no sense to wait for it.
    func follow(_ topics: [Topic], confirmed: @escaping @Sendable () -> Void)

    /// Takes back one ``follow(_:confirmed:)`` of each of some topics; the order of the two does not matter.
    func unfollow(_ topics: [Topic])

    /// Adds a listener for the moments after which events may be missing: the bus came back, it was too slow, here or
    /// where they were published, or somebody says so. It must not block.
    func listenForGaps(_ listener: @escaping @Sendable () -> Void)

    /// Says that something may have been committed that was never published: all who listen for gaps are told, on every
    /// node. It does not wait for the network.
    func tellOfGap()
}

extension EventBus {
    /// Has other nodes' events of some topics come here; returns when they do, as far as the bus can say.
    package func follow(_ topics: [Topic]) async {
        await withCheckedContinuation { continuation in
            follow(topics) { continuation.resume() }
        }
    }
}

/// A bus that brings everything everywhere, or has nowhere to bring it, and loses nothing.
package protocol CompleteEventBus: EventBus {}

extension CompleteEventBus {
    package func follow(_ topics: [Topic], confirmed: @escaping @Sendable () -> Void) { confirmed() }

    package func unfollow(_ topics: [Topic]) {}

    package func listenForGaps(_ listener: @escaping @Sendable () -> Void) {}

    package func tellOfGap() {}
}

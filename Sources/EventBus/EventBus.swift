/// Carries committed events to every node.
///
/// Delivery is at most once: whoever listens also looks at the storage again within 5 s, so a lost event costs time
/// and never truth.
package protocol EventBus: Sendable {
    /// Tells every listener on every node; returns when those of this node have been told.
    ///
    /// Does not wait for other nodes, so that it may be called where a commit ends.
    func publish(_ event: Event)

    /// Adds a listener for the life of the bus; it must not block.
    ///
    /// What one node publishes is heard in the order in which it was published.
    func listen(_ listener: @escaping @Sendable (Event) -> Void)
}

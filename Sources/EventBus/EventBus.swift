package import ChatProtocol

/// Something that has been committed and that other parts of the server, on every node, must hear of.
package enum Event: Sendable, Hashable {
    /// An application's keys, admins, plan, limits or switches changed.
    case applicationChanged(SDKAppID)
    /// An account's UserSigs issued up to now became void.
    case accountKicked(SDKAppID, UserID)
    /// There may be webhooks of the application to deliver.
    case outboxFilled(SDKAppID)
}

/// Carries committed events to every node.
///
/// Delivery is at most once: whoever listens also looks at the storage again within 5 s, so a lost event costs time
/// and never truth.
package protocol EventBus: Sendable {
    /// Tells every listener on every node; returns when those of this node have been told.
    func publish(_ event: Event) async

    /// Adds a listener for the life of the bus; it must not block.
    func listen(_ listener: @escaping @Sendable (Event) -> Void)
}

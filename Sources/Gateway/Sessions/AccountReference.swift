import ChatProtocol
import EventBus

/// An account of an application.
struct AccountReference: Hashable, Sendable {
    let application: SDKAppID
    let user: UserID

    /// Under which the bus brings what concerns it.
    var topic: Topic { .user(application, user) }
}

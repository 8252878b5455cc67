import ChatProtocol

/// An account of an application.
struct AccountReference: Hashable, Sendable {
    let application: SDKAppID
    let user: UserID
}

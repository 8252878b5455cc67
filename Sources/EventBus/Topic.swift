package import ChatProtocol

/// Whose events a node has brought to it: those of channels and users that somebody connected to it follows or is.
///
/// Events of neither kind concern every node, and come to every node.
package enum Topic: Sendable, Hashable {
    case channel(SDKAppID, ChannelID)
    case user(SDKAppID, UserID)
}

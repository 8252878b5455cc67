import ChatProtocol
import EventBus

/// The channels of a session whose events wait for an answer.
struct Hold: Sendable {
    struct Channel: Sendable {
        let reference: ChannelReference
        /// Up to which number the session was brought messages that the storage does not have.
        let unstoredFloor: Int64
        /// Whether the user wants none of its messages.
        let discards: Bool
    }

    /// Which catching up it is.
    let catchUp: Int
    let channels: [ChannelID: Channel]
}

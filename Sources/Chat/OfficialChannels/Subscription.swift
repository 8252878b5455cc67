package import ChatProtocol

/// A user's subscription to a channel, as it is stored.
///
/// Source: spec/official-channels.md A.2.
package struct Subscription: Sendable, Equatable {
    package let user: UserID
    package let subscribedAt: Timestamp
    package let messageFlag: MessageFlag
    /// What the application's backend noted about it.
    package let customString: String
    /// When the user last sent the channel a message, in seconds; 0 when never.
    package let lastSentSeconds: Int64

    /// The longest `CustomString`, in bytes.
    package static let longestCustomString = 3000
}

/// How a subscriber wants to receive a channel's messages: `MsgFlag`.
package enum MessageFlag: String, Sendable, CaseIterable {
    /// Delivered, with an alert.
    case acceptAndNotify = "AcceptAndNotify"
    /// Delivered, without offline push.
    case acceptNotNotify = "AcceptNotNotify"
    /// Not delivered.
    case discard = "Discard"
}

/// What became of a user who was to be subscribed: `Result`.
package enum Subscribing: Int64, Sendable, Codable {
    /// Not imported, refused by the backend, or the channel was full.
    case refused = 0
    case subscribed = 1
    case already = 2
}

/// What became of a user who was to be unsubscribed: `Result`.
package enum Unsubscribing: Int64, Sendable, Codable {
    case unsubscribed = 1
    case notSubscribed = 2
}

/// A part of a channel's subscribers, in the order in which they came.
package struct SubscriberPage: Sendable {
    package let subscriptions: [Subscription]
    /// Where the next page begins; nil at the end.
    package let next: SubscriberCursor?
    /// All subscribers of the channel.
    package let total: Int64
}

/// A part of the channels that a user subscribes to, newest subscription first.
package struct SubscribedChannels: Sendable {
    package let items: [(channel: OfficialChannel, subscription: Subscription)]
    /// All channels that the user subscribes to.
    package let total: Int64
}

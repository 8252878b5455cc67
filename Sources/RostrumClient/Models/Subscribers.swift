/// What became of one user who was to be subscribed (spec/official-channels.md B.4).
public struct SubscriberAddition: Sendable, Hashable {
    /// `Result`.
    public enum Outcome: Int64, Sendable {
        /// Not imported, refused by the application's webhook, or no room.
        case failed = 0
        /// Subscribed by this call.
        case added = 1
        /// Was subscribed already.
        case wasSubscribed = 2
    }

    /// `Subscriber_Account`.
    public let user: String
    /// `Result`.
    public let outcome: Outcome

    /// As a server would tell it; for tests.
    public init(user: String, outcome: Outcome) {
        (self.user, self.outcome) = (user, outcome)
    }
}

/// What became of one user who was to be unsubscribed (spec/official-channels.md B.5).
public struct SubscriberDeletion: Sendable, Hashable {
    /// `Result`.
    public enum Outcome: Int64, Sendable {
        /// Not removed.
        case failed = 0
        /// Unsubscribed by this call.
        case removed = 1
        /// Was not subscribed.
        case wasNotSubscribed = 2
    }

    /// `Subscriber_Account`.
    public let user: String
    /// `Result`.
    public let outcome: Outcome

    /// As a server would tell it; for tests.
    public init(user: String, outcome: Outcome) {
        (self.user, self.outcome) = (user, outcome)
    }
}

/// A page of a channel's subscribers (spec/official-channels.md B.7).
public struct SubscriberPage: Sendable, Equatable {
    /// A user who subscribes.
    public struct Subscriber: Sendable, Hashable {
        /// `Subscriber_Account`.
        public let user: String
        /// `SubscribeTime`: when the user subscribed, in Unix seconds.
        public let subscribedAt: Int64
        /// `CustomString`: whatever the application keeps there.
        public let customString: String
        /// `MsgFlag`: how the user wants the channel's messages.
        public let messageFlag: MessageFlag
        /// `LastSendMsgTime`: when the user last sent the channel a message, in Unix seconds; 0 for never.
        public let lastSentAt: Int64

        /// As a server would tell it; for tests.
        public init(
            user: String,
            subscribedAt: Int64,
            customString: String,
            messageFlag: MessageFlag,
            lastSentAt: Int64
        ) {
            (self.user, self.subscribedAt, self.customString, self.messageFlag) = (
                user, subscribedAt, customString, messageFlag
            )
            self.lastSentAt = lastSentAt
        }
    }

    /// `SubscriberList`, in the order in which they came.
    public let subscribers: [Subscriber]
    /// `SubscriberNum`: how many subscribe to the channel.
    public let totalCount: Int64
    /// `Next`: where the next page begins; nil when this one is the last.
    public let next: String?

    /// As a server would tell it; for tests.
    public init(subscribers: [Subscriber], totalCount: Int64, next: String? = nil) {
        (self.subscribers, self.totalCount, self.next) = (subscribers, totalCount, next)
    }
}

extension SubscriberPage {
    init(_ reply: WireObject) throws(WireFault) {
        subscribers = try reply.objects("SubscriberList") { (item) throws(WireFault) in
            Subscriber(
                user: try item.text("Subscriber_Account"),
                subscribedAt: try item.count("SubscribeTime"),
                customString: try item.text("CustomString", or: ""),
                messageFlag: MessageFlag(rawValue: try item.text("MsgFlag")),
                lastSentAt: try item.integer("LastSendMsgTime", or: 0)
            )
        }
        totalCount = try reply.count("SubscriberNum")
        let next = try reply.text("Next", or: "")
        self.next = next.isEmpty ? nil : next
    }
}

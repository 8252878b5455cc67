import ChatProtocol

/// A channel's profile (spec/official-channels.md B.6).
public struct OfficialChannelInfo: Sendable, Hashable {
    /// `Official_Account`: the channel's ID, which begins with `@TOA#_`.
    public let id: String
    /// `CreateTime`: when it was created, in Unix seconds.
    public let createdAt: Int64
    /// `Name`.
    public let name: String
    /// `Owner_Account`: the account that owns it.
    public let owner: String
    /// `LastMsgTime`: when its last broadcast was sent, in Unix seconds; 0 for never.
    public let lastMessageAt: Int64
    /// `SubscriberNum`: how many subscribe to it.
    public let subscriberCount: Int64
    /// `Introduction`.
    public let introduction: String
    /// `FaceUrl`: the address of its picture.
    public let faceURL: String
    /// `Organization`.
    public let organization: String
    /// `CustomString`: whatever the application keeps there.
    public let customString: String

    /// As a server would tell it; for tests.
    public init(
        id: String,
        createdAt: Int64,
        name: String,
        owner: String,
        lastMessageAt: Int64,
        subscriberCount: Int64,
        introduction: String,
        faceURL: String,
        organization: String,
        customString: String
    ) {
        (self.id, self.createdAt, self.name, self.owner) = (id, createdAt, name, owner)
        (self.lastMessageAt, self.subscriberCount, self.introduction, self.faceURL) = (
            lastMessageAt, subscriberCount, introduction, faceURL
        )
        (self.organization, self.customString) = (organization, customString)
    }
}

/// What came of asking for one of several channels.
public enum Answer<Found: Sendable>: Sendable {
    /// The channel is there.
    case found(Found)
    /// It is not: the `ErrorCode` of its item is 130004 when there is no such channel.
    case refused(channel: String, Refusal)

    /// What was found; nil when it was refused.
    public var found: Found? {
        guard case .found(let found) = self else { return nil }
        return found
    }
}

extension Answer: Equatable where Found: Equatable {}

/// A subscriber's own side of his subscription: `SelfInfo` (spec/official-channels.md B.9).
public struct OwnSubscription: Sendable, Hashable {
    /// `SubscribeTime`: when the user subscribed, in Unix seconds.
    public let subscribedAt: Int64
    /// `CustomString`: whatever the application keeps there.
    public let customString: String
    /// `MsgFlag`; nil where the server does not tell it.
    public let messageFlag: MessageFlag?

    /// As a server would tell it; for tests.
    public init(subscribedAt: Int64, customString: String, messageFlag: MessageFlag? = nil) {
        (self.subscribedAt, self.customString, self.messageFlag) = (subscribedAt, customString, messageFlag)
    }
}

/// How a user wants a channel's messages: `MsgFlag`.
public struct MessageFlag: RawRepresentable, Sendable, Hashable {
    /// The word on the wire.
    public let rawValue: String

    /// Wraps a word of the wire.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Received, and the user is alerted.
    public static let acceptAndNotify = Self(rawValue: "AcceptAndNotify")
    /// Received without an alert.
    public static let acceptNotNotify = Self(rawValue: "AcceptNotNotify")
    /// Not received.
    public static let discard = Self(rawValue: "Discard")
}

extension OfficialChannelInfo {
    init(_ item: WireObject) throws(WireFault) {
        self.init(
            id: try item.text("Official_Account"),
            createdAt: try item.count("CreateTime"),
            name: try item.text("Name"),
            owner: try item.text("Owner_Account"),
            lastMessageAt: try item.count("LastMsgTime"),
            subscriberCount: try item.count("SubscriberNum"),
            introduction: try item.text("Introduction", or: ""),
            faceURL: try item.text("FaceUrl", or: ""),
            organization: try item.text("Organization", or: ""),
            customString: try item.text("CustomString", or: "")
        )
    }
}

extension Answer {
    /// An item that is either there, and read by `read`, or says why it is not.
    init(_ item: WireObject, _ read: (WireObject) throws(WireFault) -> Found) throws(WireFault) {
        if let refusal = try item.refusal() {
            self = .refused(channel: try item.text("Official_Account"), refusal)
        } else {
            self = .found(try read(item))
        }
    }
}

extension OwnSubscription {
    init(_ item: WireObject) throws(WireFault) {
        self.init(
            subscribedAt: try item.count("SubscribeTime"),
            customString: try item.text("CustomString", or: ""),
            messageFlag: try item.optionalText("MsgFlag").map(MessageFlag.init(rawValue:))
        )
    }
}

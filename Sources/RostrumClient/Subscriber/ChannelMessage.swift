import ChatProtocol

/// A post of a channel, as it comes to its subscribers.
public struct ChannelMessage: Sendable, Equatable {
    /// `Official_Account`: the channel.
    public let channel: String
    /// `Epoch`: the channel's incarnation, within which the numbers count.
    public let epoch: String
    /// `MsgSeq`: its number among the channel's posts, from 1.
    public let seq: Int64
    /// `EventSeq`: its number among everything that the channel's subscribers see.
    public let eventSeq: Int64
    /// `MsgKey`: its name.
    public let key: String
    /// `MsgTime`: when it was sent, in Unix seconds.
    public let sentAt: Int64
    /// `MsgBody`.
    public let body: [MessageElement]
    /// `CloudCustomData`: the application's own data; empty when there is none.
    public let cloudCustomData: String
    /// `OnlineOnlyFlag`: whether no history has it.
    public let isOnlineOnly: Bool

    /// The texts of its text elements, each on a line of its own.
    public var text: String {
        body.compactMap { element in
            guard case .text(let text) = element.content else { return nil }
            return text
        }
        .joined(separator: "\n")
    }

    /// As a server would tell it; for tests.
    public init(
        channel: String,
        epoch: String,
        seq: Int64,
        eventSeq: Int64,
        key: String,
        sentAt: Int64,
        body: [MessageElement],
        cloudCustomData: String,
        isOnlineOnly: Bool
    ) {
        (self.channel, self.epoch, self.seq, self.eventSeq) = (channel, epoch, seq, eventSeq)
        (self.key, self.sentAt, self.body, self.cloudCustomData) = (key, sentAt, body, cloudCustomData)
        self.isOnlineOnly = isOnlineOnly
    }
}

/// The recall of a post.
public struct MessageRevocation: Sendable, Hashable {
    /// `Official_Account`: the channel.
    public let channel: String
    /// `Epoch`: the channel's incarnation, within which the numbers count.
    public let epoch: String
    /// `EventSeq`: the recall's number among everything that the channel's subscribers see.
    public let eventSeq: Int64
    /// `MsgSeq`: the recalled post's number.
    public let seq: Int64
    /// `MsgKey`: the recalled post's name.
    public let key: String
    /// `Reason`: empty when there is none.
    public let reason: String

    /// As a server would tell it; for tests.
    public init(channel: String, epoch: String, eventSeq: Int64, seq: Int64, key: String, reason: String) {
        (self.channel, self.epoch, self.eventSeq, self.seq) = (channel, epoch, eventSeq, seq)
        (self.key, self.reason) = (key, reason)
    }
}

/// A channel as the live protocol shows it.
public struct LiveChannel: Sendable, Hashable {
    /// The profile.
    public let info: OfficialChannelInfo
    /// Where the channel stood: `Epoch`, `HeadMsgSeq`, `HeadEventSeq`.
    public let head: ChannelPosition
    /// `SelfInfo`: the user's own side, where it was asked for and the user subscribes.
    public let subscription: OwnSubscription?

    /// As a server would tell it; for tests.
    public init(info: OfficialChannelInfo, head: ChannelPosition, subscription: OwnSubscription? = nil) {
        (self.info, self.head, self.subscription) = (info, head, subscription)
    }
}

/// A page of an application's channels.
public struct LiveChannelPage: Sendable, Equatable {
    /// `OfficialAccountInfoList`, in the order of IDs.
    public let channels: [LiveChannel]
    /// `TotalCount`: how many channels the application has.
    public let totalCount: Int64
    /// `CompleteFlag`: whether this page is the last.
    public let isLast: Bool
    /// `Next`: the offset at which the next page begins; nil when this one is the last, or began after a channel.
    public let nextOffset: Int64?

    /// As a server would tell it; for tests.
    public init(channels: [LiveChannel], totalCount: Int64, isLast: Bool, nextOffset: Int64? = nil) {
        (self.channels, self.totalCount, self.isLast, self.nextOffset) = (channels, totalCount, isLast, nextOffset)
    }
}

extension ChannelMessage {
    init(_ params: WireObject) throws(WireFault) {
        self.init(
            channel: try params.text("Official_Account"),
            epoch: try params.text("Epoch"),
            seq: try params.count("MsgSeq", from: 1),
            eventSeq: try params.count("EventSeq", from: 1),
            key: try params.text("MsgKey"),
            sentAt: try params.count("MsgTime"),
            body: try [MessageElement](params),
            cloudCustomData: try params.text("CloudCustomData", or: ""),
            isOnlineOnly: try params.integer("OnlineOnlyFlag", or: 0) == 1
        )
    }
}

extension MessageRevocation {
    init(_ params: WireObject) throws(WireFault) {
        self.init(
            channel: try params.text("Official_Account"),
            epoch: try params.text("Epoch"),
            eventSeq: try params.count("EventSeq", from: 1),
            seq: try params.count("MsgSeq", from: 1),
            key: try params.text("MsgKey"),
            reason: try params.text("Reason", or: "")
        )
    }
}

extension LiveChannel {
    init(_ item: WireObject) throws(WireFault) {
        self.init(
            info: try OfficialChannelInfo(item),
            head: try ChannelPosition(headOf: item),
            subscription: try item.inner("SelfInfo").map { (own) throws(WireFault) in try OwnSubscription(own) }
        )
    }
}

extension LiveChannelPage {
    init(_ reply: WireObject) throws(WireFault) {
        let isLast = try reply.integer("CompleteFlag") == 1
        self.init(
            channels: try reply.objects("OfficialAccountInfoList") { (item) throws(WireFault) in try LiveChannel(item)
            },
            totalCount: try reply.count("TotalCount"),
            isLast: isLast,
            nextOffset: isLast || reply.object["Next"] == nil ? nil : try reply.count("Next")
        )
    }
}

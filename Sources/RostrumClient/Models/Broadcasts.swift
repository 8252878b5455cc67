public import ChatProtocol

/// A message to all subscribers of a channel (spec/official-channels.md B.10).
public struct Broadcast: Sendable, Equatable {
    /// `MsgBody`: at least one element, at most one of them custom.
    public var body: [MessageElement]
    /// `CloudCustomData`: the application's own data beside the message; its length counts with the body's.
    public var cloudCustomData: String?
    /// `OfflinePushInfo`.
    public var push: PushInfo?
    /// `OnlineOnlyFlag`: whether only those who are connected get it, and no history keeps it.
    public var isOnlineOnly = false
    /// `ForbidCallbackControl`: whether the "before" webhook is left out.
    public var skipsBeforeWebhook = false
    /// `ForbidCallbackControl`: whether the "after" webhook is left out.
    public var skipsAfterWebhook = false
    /// `SendMsgControl`: whether the channel's `LastMsgTime` is set to it.
    public var updatesLastMessage = true
    /// `Random`: what tells two messages of the same content apart; nil for a new one with each call.
    public var random: UInt32?

    /// A message with these elements.
    public init(_ body: [MessageElement]) {
        self.body = body
    }

    /// A message that is one text.
    public init(text: String) {
        self.init([.text(text)])
    }

    func object(to channel: String, random: UInt32) -> JSONObject {
        let skipped =
            (skipsBeforeWebhook ? ["ForbidBeforeSendMsgCallback"] : [])
            + (skipsAfterWebhook ? ["ForbidAfterSendMsgCallback"] : [])
        return
            (["Official_Account": .string(channel), "Random": .integer(Int64(random)), "MsgBody": body.json]
            as JSONObject)
            .adding("CloudCustomData", cloudCustomData)
            .adding("OfflinePushInfo", (push?.object).map(JSONValue.object))
            .adding("OnlineOnlyFlag", isOnlineOnly ? 1 : nil)
            .adding("ForbidCallbackControl", skipped.isEmpty ? nil : .texts(skipped))
            .adding("SendMsgControl", updatesLastMessage ? nil : .texts(["NoLastMsg"]))
    }
}

/// A broadcast that the server has taken.
public struct SentBroadcast: Sendable, Hashable {
    /// `MsgKey`: its name, for recalling it and for paging.
    public let key: String
    /// `MsgTime`: when the server took it, in Unix seconds.
    public let sentAt: Int64
    /// `Random`: what it was sent with.
    public let random: UInt32

    /// As a server would tell it; for tests.
    public init(key: String, sentAt: Int64, random: UInt32) {
        (self.key, self.sentAt, self.random) = (key, sentAt, random)
    }
}

/// What became of one broadcast that was to be recalled (spec/official-channels.md B.11).
public struct BroadcastRecall: Sendable, Hashable {
    /// `MsgKey`.
    public let key: String
    /// `RetCode`: `.ok` when it was recalled, 10030 when there is none, or no longer.
    public let code: ErrorCode

    /// As a server would tell it; for tests.
    public init(key: String, code: ErrorCode) {
        (self.key, self.code) = (key, code)
    }
}

/// How far a broadcast has come.
public struct BroadcastReceipt: Sendable, Hashable {
    /// `Official_Account`: the channel.
    public let channel: String
    /// `MsgKey`: the message.
    public let key: String
    /// `MsgSeq`: its number in the channel.
    public let seq: Int64
    /// `MsgTime`: when the server took it, in Unix seconds.
    public let sentAt: Int64
    /// `OnlineNum`: sessions that were connected and subscribed when it was sent.
    public let onlineCount: Int64
    /// `WrittenNum`: of those, how many it was written to.
    public let writtenCount: Int64
    /// `LaggingNum`: of those, how many read too slowly and were told to resume instead.
    public let laggingCount: Int64
    /// `ReadNum`: how many users marked it as read.
    public let readCount: Int64
    /// `LastWriteMs`: milliseconds from its commit to the last write; nil when it was written to nobody.
    public let lastWriteMilliseconds: Int64?

    /// As a server would tell it; for tests.
    public init(
        channel: String,
        key: String,
        seq: Int64,
        sentAt: Int64,
        onlineCount: Int64,
        writtenCount: Int64,
        laggingCount: Int64,
        readCount: Int64,
        lastWriteMilliseconds: Int64? = nil
    ) {
        (self.channel, self.key, self.seq, self.sentAt) = (channel, key, seq, sentAt)
        (self.onlineCount, self.writtenCount, self.laggingCount, self.readCount) = (
            onlineCount, writtenCount, laggingCount, readCount
        )
        self.lastWriteMilliseconds = lastWriteMilliseconds
    }
}

extension BroadcastReceipt {
    init(_ reply: WireObject) throws(WireFault) {
        channel = try reply.text("Official_Account")
        key = try reply.text("MsgKey")
        seq = try reply.count("MsgSeq", from: 1)
        sentAt = try reply.count("MsgTime")
        onlineCount = try reply.count("OnlineNum")
        writtenCount = try reply.count("WrittenNum")
        laggingCount = try reply.count("LaggingNum")
        readCount = try reply.count("ReadNum")
        lastWriteMilliseconds = try reply.optionalInteger("LastWriteMs")
    }
}

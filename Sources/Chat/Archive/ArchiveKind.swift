import ChatProtocol
import Database

/// A kind of thing that an application has many of: a line of an archive for each, a row of a table behind it.
///
/// docs/export-format.md describes the lines; what is added here is added there.
struct ArchiveKind: Sendable {
    /// `Kind` of the line.
    let name: String
    let table: String
    /// In the order in which a line has them; the first is the key, by which lines are in order.
    let members: [ArchiveMember]
    /// Whether its rows belong to an incarnation of a channel.
    let isOfChannel: Bool

    var key: ArchiveMember { members[0] }

    static let deletedAccount = ArchiveKind(
        name: "DeletedAccount",
        table: "deleted_accounts",
        members: [ArchiveMember("UserID", "id", .user), ArchiveMember("DeletedAt", "deleted_at", .moment)],
        isOfChannel: false
    )

    static let account = ArchiveKind(
        name: "Account",
        table: "accounts",
        members: [
            ArchiveMember("UserID", "id", .user),
            ArchiveMember("Nick", "nick", .text(NewAccount.longestProfileValue)),
            ArchiveMember("FaceUrl", "face_url", .text(NewAccount.longestProfileValue)),
            ArchiveMember("SignaturesVoidUntil", "signatures_void_until_seconds", .integer(-1...Int64.lastSecond)),
            ArchiveMember("CreatedAt", "created_at", .moment),
        ],
        isOfChannel: false
    )

    static let channel = ArchiveKind(
        name: "Channel",
        table: "channels",
        members: [
            ArchiveMember("ChannelID", "id", .channel),
            ArchiveMember("Owner", "owner", .user),
            ArchiveMember("Name", "name", .text(ChannelProfile.longestName)),
            ArchiveMember("Introduction", "introduction", .text(ChannelProfile.longestIntroduction)),
            ArchiveMember("FaceUrl", "face_url", .text(ChannelProfile.longestFaceURL)),
            ArchiveMember("Organization", "organization", .text(ChannelProfile.longestOrganization)),
            ArchiveMember("CustomString", "custom_string", .text(ChannelProfile.longestCustomString)),
            ArchiveMember("MaxSubscribers", "max_subscribers", .count),
            ArchiveMember("Subscribers", "subscribers", .count),
            ArchiveMember("LastMessageAt", "last_message_at", .second),
            ArchiveMember("CreatedAt", "created_at", .moment),
            ArchiveMember("HeadSeq", "head_seq", .count),
            ArchiveMember("EventSeq", "event_seq", .count),
            ArchiveMember("ProfileEventSeq", "profile_event_seq", .count),
            ArchiveMember("StoredBroadcasts", "stored_broadcasts", .count),
            ArchiveMember("SubscriptionHead", "subscription_head", .count),
        ],
        isOfChannel: false
    )

    static let subscription = ArchiveKind(
        name: "Subscription",
        table: "subscriptions",
        members: [
            ArchiveMember("UserID", "account", .user),
            ArchiveMember("Position", "position", .count),
            ArchiveMember("SubscribedAt", "subscribed_at", .moment),
            ArchiveMember("JoinedSeq", "joined_seq", .count),
            ArchiveMember("ReadSeq", "read_seq", .count),
            ArchiveMember("MsgFlag", "message_flag", .word(MessageFlag.allCases.map(\.rawValue))),
            ArchiveMember("CustomString", "custom_string", .text(Subscription.longestCustomString)),
            ArchiveMember("LastSentAt", "last_sent_at_seconds", .second),
            ArchiveMember("Version", "version", .count),
        ],
        isOfChannel: true
    )

    static let broadcast = ArchiveKind(
        name: "Broadcast",
        table: "broadcasts",
        members: [
            ArchiveMember("Seq", "seq", .integer(1...Int64.mostCounted)),
            ArchiveMember("EventSeq", "event_seq", .count),
            ArchiveMember("SentAt", "sent_at", .moment),
            ArchiveMember("Random", "random", .count),
            ArchiveMember("State", "kind", .word(BroadcastKind.allCases.map(\.rawValue))),
            ArchiveMember("StoredBefore", "stored_before", .count),
            ArchiveMember("Digest", "digest", .digest),
            ArchiveMember("MsgBody", "body", .optionalBody),
            ArchiveMember("CloudCustomData", "cloud_custom_data", .optionalText(1 << 20)),
            ArchiveMember("OfflinePushInfo", "push_info", .optionalObject),
            ArchiveMember("UpdatesLastMessage", "updates_last_message", .boolean),
            ArchiveMember("RecalledAt", "recalled_at", .optionalInteger(.moments)),
            ArchiveMember("RecallEventSeq", "recall_event_seq", .optionalInteger(0...Int64.mostCounted)),
            ArchiveMember("RecallReason", "recall_reason", .optionalText(1 << 20)),
            ArchiveMember("OnlineSessions", "online_sessions", .count),
            ArchiveMember("WrittenSessions", "written_sessions", .count),
            ArchiveMember("LaggingSessions", "lagging_sessions", .count),
            ArchiveMember("LastWriteMs", "last_write_ms", .optionalInteger(0...Int64.mostCounted)),
        ],
        isOfChannel: true
    )

    static let all = [deletedAccount, account, channel, subscription, broadcast]
}

extension ArchiveMember.Form {
    fileprivate static let moment = Self.integer(.moments)
    /// Seconds since 1970.
    fileprivate static let second = Self.integer(0...Int64.lastSecond)
    fileprivate static let count = Self.integer(0...Int64.mostCounted)
}

extension Int64 {
    /// More than anything that is counted comes to, and so little that adding to it never overflows.
    fileprivate static let mostCounted: Int64 = 1 << 48
    /// The end of the year 9999.
    fileprivate static let lastSecond: Int64 = 253_402_300_799
}

extension ClosedRange<Int64> {
    /// Milliseconds since 1970, of the years 1 to 9999.
    static let moments = -62_135_596_800_000...(Int64.lastSecond * 1000 + 999)
}

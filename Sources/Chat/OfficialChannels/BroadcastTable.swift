import ChatProtocol
import Database

/// The rows of broadcasts: one for every number of a channel, whatever the number of subscribers.
enum BroadcastTable {
    /// A row, as far as it decides about what may be done with it.
    struct Stored {
        let key: MessageKey
        let random: Int64
        let sentAt: Timestamp
        let kind: BroadcastKind
        let isRecalled: Bool
        /// Nil when it has none, or no longer.
        let body: [UInt8]?
        let cloudCustomData: String?
    }

    /// Writes the channel's next broadcast and moves the channel's head; call under its lock.
    static func insert(
        _ new: NewBroadcast,
        _ kind: BroadcastKind,
        digest: [UInt8],
        to channel: OfficialChannel,
        of application: SDKAppID,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) -> MessageKey {
        let key = MessageKey(seq: channel.headSeq + 1, seconds: now.seconds)
        let isStored = kind == .stored
        try tx.execute(
            """
            INSERT INTO broadcasts (app, channel, incarnation, seq, event_seq, sent_at, random, kind, stored_before,
                digest, body, cloud_custom_data, push_info, updates_last_message)
            VALUES (\(application), \(channel.id), \(channel.incarnation), \(key.seq), \(channel.eventSeq + 1), \(now),
                \(new.random), \(kind.rawValue), \(channel.storedBroadcasts), \(digest),
                \(isStored ? new.body.json : nil), \(isStored ? new.cloudCustomData : nil),
                \(isStored ? new.pushInfo?.json : nil), \(new.updatesLastMessage))
            """
        )
        try tx.execute(
            """
            UPDATE channels SET head_seq = \(key.seq), event_seq = \(channel.eventSeq + 1),
                stored_broadcasts = \(channel.storedBroadcasts + (isStored ? 1 : 0)),
                last_message_at = \(kind == .dropped ? channel.lastMessageSeconds : now.seconds)
            WHERE app = \(application) AND id = \(channel.id)
            """
        )
        return key
    }

    /// The newest broadcast with the same content and random number since a moment.
    ///
    /// With `+ 0` the order is of no index, so that SQLite, which keeps no statistics, finds by the digest and does not
    /// walk through the channel's history.
    static func find(
        digest: [UInt8],
        since moment: Timestamp,
        in channel: OfficialChannel,
        of application: SDKAppID,
        _ tx: any Transaction
    ) throws(ChatError) -> MessageKey? {
        try tx.row(
            """
            SELECT seq, sent_at FROM broadcasts WHERE app = \(application) AND channel = \(channel.id)
                AND incarnation = \(channel.incarnation) AND digest = \(digest) AND sent_at > \(moment)
            ORDER BY seq + 0 DESC LIMIT 1
            """
        ).map { row throws(ChatError) in
            MessageKey(seq: try row.integer(0), seconds: try row.timestamp(1).seconds)
        }
    }

    /// When the channel's number `seq` was taken; nil when it was not.
    static func sentAt(
        _ seq: Int64,
        in channel: OfficialChannel,
        of application: SDKAppID,
        _ tx: any Transaction
    ) throws(ChatError) -> Timestamp? {
        try tx.row(
            """
            SELECT sent_at FROM broadcasts WHERE app = \(application) AND channel = \(channel.id)
                AND incarnation = \(channel.incarnation) AND seq = \(seq)
            """
        )?.timestamp(0)
    }

    static func find(
        _ seq: Int64,
        in channel: OfficialChannel,
        of application: SDKAppID,
        _ tx: any Transaction
    ) throws(ChatError) -> Stored? {
        try tx.row(
            """
            SELECT seq, random, sent_at, kind, recalled_at, body, cloud_custom_data FROM broadcasts
            WHERE app = \(application) AND channel = \(channel.id) AND incarnation = \(channel.incarnation)
                AND seq = \(seq)
            """
        ).map { row throws(ChatError) in try stored(row) }
    }

    /// Which broadcasts a page of history has.
    enum Shown {
        /// Stored ones that were not recalled.
        case present
        /// Stored ones.
        case stored
        /// Whatever was sent, also what was for those online alone or was dropped by a "before" webhook.
        case all
    }

    /// Those with numbers above `oldest` and below `seq`, the newest first.
    static func page(
        of channel: OfficialChannel,
        of application: SDKAppID,
        after oldest: Int64,
        before seq: Int64,
        limit: Int,
        _ shown: Shown,
        in tx: any Transaction
    ) throws(ChatError) -> [Stored] {
        try tx.rows(
            """
            SELECT seq, random, sent_at, kind, recalled_at, body, cloud_custom_data FROM broadcasts
            WHERE app = \(application) AND channel = \(channel.id) AND incarnation = \(channel.incarnation)
                AND seq > \(oldest) AND seq < \(seq)
                AND (kind = \(BroadcastKind.stored.rawValue) OR \(shown == .all) = 1)
                AND (recalled_at IS NULL OR \(shown != .present) = 1)
            ORDER BY seq DESC LIMIT \(limit)
            """
        ).map { row throws(ChatError) in try stored(row) }
    }

    /// How many stored broadcasts have a number above `seq`, without those that were recalled.
    static func unread(
        after seq: Int64,
        in channel: OfficialChannel,
        of application: SDKAppID,
        _ tx: any Transaction
    ) throws(ChatError) -> Int64 {
        let next = try tx.row(
            """
            SELECT stored_before, event_seq FROM broadcasts WHERE app = \(application) AND channel = \(channel.id)
                AND incarnation = \(channel.incarnation) AND seq = \(seq + 1)
            """
        )
        guard let next else { return 0 }
        // What is recalled was sent before, so only recalls since then can concern them; the sign keeps engines from
        // going through all the broadcasts instead.
        let recalled = try tx.row(
            """
            SELECT count(*) FROM broadcasts WHERE app = \(application) AND channel = \(channel.id)
                AND incarnation = \(channel.incarnation) AND recall_event_seq > \(try next.integer(1)) AND +seq > \(seq)
            """
        )
        return channel.storedBroadcasts - (try next.integer(0)) - (try recalled?.integer(0) ?? 0)
    }

    /// Recalls a broadcast: its content goes, its number stays.
    static func recall(
        _ seq: Int64,
        reason: String?,
        eventSeq: Int64,
        in channel: OfficialChannel,
        of application: SDKAppID,
        at now: Timestamp,
        _ tx: any Transaction
    ) throws(ChatError) {
        try tx.execute(
            """
            UPDATE broadcasts SET recalled_at = \(now), recall_event_seq = \(eventSeq), recall_reason = \(reason),
                body = NULL, cloud_custom_data = NULL, push_info = NULL
            WHERE app = \(application) AND channel = \(channel.id) AND incarnation = \(channel.incarnation)
                AND seq = \(seq)
            """
        )
    }

    /// When and why a broadcast was recalled; nil when it was not.
    static func recall(
        of seq: Int64,
        in channel: OfficialChannel,
        of application: SDKAppID,
        _ tx: any Transaction
    ) throws(ChatError) -> (at: Timestamp, reason: String?)? {
        let row = try tx.row(
            """
            SELECT recalled_at, recall_reason FROM broadcasts WHERE app = \(application)
                AND channel = \(channel.id) AND incarnation = \(channel.incarnation) AND seq = \(seq)
            """
        )
        guard let row, let at = try row.optionalTimestamp(0) else { return nil }
        return (at, try row.optionalText(1))
    }

    static func setEventSeq(
        _ eventSeq: Int64,
        of channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) {
        try tx.execute(
            "UPDATE channels SET event_seq = \(eventSeq) WHERE app = \(application) AND id = \(channel.id)"
        )
    }

    /// Takes the content of broadcasts that were sent up to a moment, the oldest first, at most `batch` of them.
    ///
    /// By `FROM` and not by `IN`, of which SQLite looks at the application alone, and so at every broadcast that it has.
    ///
    /// - Returns: how many lost theirs.
    static func expire(
        of application: SDKAppID,
        sentUpTo moment: Timestamp,
        batch: Int,
        in tx: any Transaction
    ) throws(ChatError) -> Int {
        try tx.execute(
            """
            UPDATE broadcasts SET body = NULL, cloud_custom_data = NULL, push_info = NULL
            FROM (
                SELECT app, channel, incarnation, seq FROM broadcasts
                WHERE app = \(application) AND sent_at <= \(moment) AND body IS NOT NULL ORDER BY sent_at LIMIT \(batch)
            ) AS old
            WHERE broadcasts.app = old.app AND broadcasts.channel = old.channel
                AND broadcasts.incarnation = old.incarnation AND broadcasts.seq = old.seq
            """
        )
    }

    private static func stored(_ row: Row) throws(ChatError) -> Stored {
        let sentAt = try row.timestamp(2)
        return Stored(
            key: MessageKey(seq: try row.integer(0), seconds: sentAt.seconds),
            random: try row.integer(1),
            sentAt: sentAt,
            kind: try row.value(3),
            isRecalled: try row.optionalInteger(4) != nil,
            body: try row.optionalBlob(5),
            cloudCustomData: try row.optionalText(6)
        )
    }
}

import ChatProtocol
import Database
import EventBus

/// The rows of channels.
enum ChannelTable {
    /// - Returns: whether the ID was free.
    static func insert(
        _ channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        let profile = channel.profile
        return try tx.execute(
            """
            INSERT INTO channels (app, id, owner, name, introduction, face_url, organization, custom_string,
                max_subscribers, subscribers, last_message_at, created_at, incarnation)
            VALUES (\(application), \(channel.id), \(channel.owner), \(profile.name), \(profile.introduction),
                \(profile.faceURL), \(profile.organization), \(profile.customString), \(channel.maxSubscribers),
                \(channel.subscribers), \(channel.lastMessageSeconds), \(channel.createdAt), \(channel.incarnation))
            ON CONFLICT (app, id) DO NOTHING
            """
        ) == 1
    }

    static func find(
        _ id: ChannelID,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> OfficialChannel? {
        try tx.row(
            """
            SELECT id, owner, name, introduction, face_url, organization, custom_string, max_subscribers,
                subscribers, last_message_at, created_at, incarnation, head_seq, event_seq, stored_broadcasts,
                subscription_head, profile_event_seq
            FROM channels WHERE app = \(application) AND id = \(id)
            """
        ).map { row throws(ChatError) in try channel(row) }
    }

    /// Channels in the order of their IDs, after `last`.
    static func page(
        of application: SDKAppID,
        after last: String,
        limit: Int,
        in tx: any Transaction
    ) throws(ChatError) -> [OfficialChannel] {
        try tx.rows(
            """
            SELECT id, owner, name, introduction, face_url, organization, custom_string, max_subscribers,
                subscribers, last_message_at, created_at, incarnation, head_seq, event_seq, stored_broadcasts,
                subscription_head, profile_event_seq
            FROM channels WHERE app = \(application) AND id > \(last) ORDER BY id LIMIT \(limit)
            """
        ).map { row throws(ChatError) in try channel(row) }
    }

    /// Channels in the order of their IDs; going past `offset` costs an index entry each.
    static func page(
        of application: SDKAppID,
        offset: Int64,
        limit: Int64,
        in tx: any Transaction
    ) throws(ChatError) -> [OfficialChannel] {
        try tx.rows(
            """
            SELECT id, owner, name, introduction, face_url, organization, custom_string, max_subscribers,
                subscribers, last_message_at, created_at, incarnation, head_seq, event_seq, stored_broadcasts,
                subscription_head, profile_event_seq
            FROM channels WHERE app = \(application) ORDER BY id LIMIT \(limit) OFFSET \(offset)
            """
        ).map { row throws(ChatError) in try channel(row) }
    }

    /// Where channels stand; those that are gone are left out.
    ///
    /// - Parameter ids: at least one, a query's worth.
    static func heads(
        of ids: some Collection<ChannelID>,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> [(ChannelReference, ChannelPosition)] {
        // By application, for SQLite goes through the whole table for pairs of an application and an ID.
        try tx.rows(
            """
            SELECT id, incarnation, head_seq, event_seq FROM channels
            WHERE app = \(application) AND id IN (\(list: ids))
            """
        ).map { row throws(ChatError) in
            (
                ChannelReference(
                    application: application,
                    channel: try row.value(0),
                    incarnation: try row.integer(1)
                ),
                ChannelPosition(messageSeq: try row.integer(2), eventSeq: try row.integer(3))
            )
        }
    }

    /// Takes the channel's row for the rest of the transaction: what is counted or numbered in it changes under this
    /// lock alone.
    static func lock(
        _ id: ChannelID,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> OfficialChannel? {
        try tx.row(
            """
            UPDATE channels SET head_seq = head_seq WHERE app = \(application) AND id = \(id)
            RETURNING id, owner, name, introduction, face_url, organization, custom_string, max_subscribers,
                subscribers, last_message_at, created_at, incarnation, head_seq, event_seq, stored_broadcasts,
                subscription_head, profile_event_seq
            """
        ).map { row throws(ChatError) in try channel(row) }
    }

    /// Changes what is given; subscribers see it as the channel's next event.
    ///
    /// - Returns: the channel as it is then; nil when there is none.
    static func update(
        _ id: ChannelID,
        _ change: ChannelChange,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> OfficialChannel? {
        try tx.row(
            """
            UPDATE channels SET event_seq = event_seq + 1, profile_event_seq = event_seq + 1,
                name = COALESCE(\(change.name), name),
                introduction = COALESCE(\(change.introduction), introduction),
                face_url = COALESCE(\(change.faceURL), face_url),
                organization = COALESCE(\(change.organization), organization),
                custom_string = COALESCE(\(change.customString), custom_string),
                max_subscribers = COALESCE(\(change.maxSubscribers), max_subscribers)
            WHERE app = \(application) AND id = \(id)
            RETURNING id, owner, name, introduction, face_url, organization, custom_string, max_subscribers,
                subscribers, last_message_at, created_at, incarnation, head_seq, event_seq, stored_broadcasts,
                subscription_head, profile_event_seq
            """
        ).map { row throws(ChatError) in try channel(row) }
    }

    /// Deletes a channel; what belongs to it is left for ``DestroyedChannels``.
    static func delete(
        _ channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) {
        try tx.execute("DELETE FROM channels WHERE app = \(application) AND id = \(channel.id)")
        try tx.execute(
            """
            INSERT INTO destroyed_channels (app, channel, incarnation)
            VALUES (\(application), \(channel.id), \(channel.incarnation)) ON CONFLICT DO NOTHING
            """
        )
    }

    /// Counts subscribers in or out, and the change of subscriptions that it is; call under the channel's lock.
    ///
    /// - Parameter difference: 0 when a subscription is only another one now.
    /// - Returns: the channel as it is then; its `subscriptionHead` is the number of the change.
    static func count(
        _ difference: Int64,
        of channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> OfficialChannel {
        try tx.execute(
            """
            UPDATE channels SET subscribers = subscribers + \(difference), subscription_head = subscription_head + 1
            WHERE app = \(application) AND id = \(channel.id)
            """
        )
        var counted = channel
        counted.subscribers += difference
        counted.subscriptionHead += 1
        return counted
    }

    static func channel(_ row: Row) throws(ChatError) -> OfficialChannel {
        OfficialChannel(
            id: try row.value(0),
            owner: try row.value(1),
            profile: ChannelProfile(
                name: try row.text(2),
                introduction: try row.text(3),
                faceURL: try row.text(4),
                organization: try row.text(5),
                customString: try row.text(6)
            ),
            maxSubscribers: try row.integer(7),
            subscribers: try row.integer(8),
            lastMessageSeconds: try row.integer(9),
            createdAt: try row.timestamp(10),
            incarnation: try row.integer(11),
            headSeq: try row.integer(12),
            eventSeq: try row.integer(13),
            storedBroadcasts: try row.integer(14),
            subscriptionHead: try row.integer(15),
            profileEventSeq: try row.integer(16)
        )
    }
}

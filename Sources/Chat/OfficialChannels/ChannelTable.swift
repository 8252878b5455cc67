import ChatProtocol
import Database

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
                max_subscribers, subscribers, last_message_at, created_at)
            VALUES (\(application), \(channel.id), \(channel.owner), \(profile.name), \(profile.introduction),
                \(profile.faceURL), \(profile.organization), \(profile.customString), \(channel.maxSubscribers),
                \(channel.subscribers), \(channel.lastMessageSeconds), \(channel.createdAt))
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
                subscribers, last_message_at, created_at
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
                subscribers, last_message_at, created_at
            FROM channels WHERE app = \(application) AND id > \(last) ORDER BY id LIMIT \(limit)
            """
        ).map { row throws(ChatError) in try channel(row) }
    }

    /// - Returns: whether there is such a channel.
    static func update(
        _ id: ChannelID,
        _ change: ChannelChange,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        try tx.execute(
            """
            UPDATE channels SET name = COALESCE(\(change.name), name),
                introduction = COALESCE(\(change.introduction), introduction),
                face_url = COALESCE(\(change.faceURL), face_url),
                organization = COALESCE(\(change.organization), organization),
                custom_string = COALESCE(\(change.customString), custom_string),
                max_subscribers = COALESCE(\(change.maxSubscribers), max_subscribers)
            WHERE app = \(application) AND id = \(id)
            """
        ) == 1
    }

    /// - Returns: whether there was such a channel.
    static func delete(_ id: ChannelID, of application: SDKAppID, in tx: any Transaction) throws(ChatError) -> Bool {
        try tx.execute("DELETE FROM channels WHERE app = \(application) AND id = \(id)") == 1
    }

    private static func channel(_ row: Row) throws(ChatError) -> OfficialChannel {
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
            createdAt: try row.timestamp(10)
        )
    }
}

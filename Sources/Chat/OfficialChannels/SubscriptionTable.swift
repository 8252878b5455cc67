import ChatProtocol
import Database
import EventBus

/// The rows of subscriptions; each belongs to an incarnation of its channel.
enum SubscriptionTable {
    /// Subscribes those of the users who are imported and not yet there; call under the channel's lock.
    ///
    /// All of them have the same place in the channel's order: the number of the change that they come by.
    ///
    /// - Parameters:
    ///   - users: at least one, at most a call's worth.
    ///   - channel: as it is before that change is counted.
    /// - Returns: who was added; the others are there already or are not imported.
    static func insert(
        _ users: [UserID],
        to channel: OfficialChannel,
        of application: SDKAppID,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) -> Set<UserID> {
        let version = channel.subscriptionHead + 1
        // One statement for all: it costs a third of one for each.
        let added = try tx.rows(
            """
            INSERT INTO subscriptions (app, channel, incarnation, account, position, subscribed_at, joined_seq,
                read_seq, message_flag, custom_string, last_sent_at_seconds, version)
            SELECT app, \(channel.id), \(channel.incarnation), id, \(version), \(now), \(channel.headSeq),
                \(channel.headSeq), \(MessageFlag.acceptAndNotify.rawValue), '', 0, \(version)
            FROM accounts WHERE app = \(application) AND id IN (\(list: users))
            ON CONFLICT (app, channel, incarnation, account) DO NOTHING
            RETURNING account
            """
        )
        return Set(try added.map { row throws(ChatError) in try row.value(0) })
    }

    static func exists(
        _ user: UserID,
        in channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        try tx.row(
            """
            SELECT 1 FROM subscriptions WHERE app = \(application) AND channel = \(channel.id)
                AND incarnation = \(channel.incarnation) AND account = \(user)
            """
        ) != nil
    }

    /// - Returns: whether there was such a subscription.
    static func delete(
        _ user: UserID,
        from channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        try tx.execute(
            """
            DELETE FROM subscriptions WHERE app = \(application) AND channel = \(channel.id)
                AND incarnation = \(channel.incarnation) AND account = \(user)
            """
        ) == 1
    }

    /// - Returns: whether there is such a subscription.
    static func setCustomString(
        _ text: String,
        of user: UserID,
        in channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        try tx.execute(
            """
            UPDATE subscriptions SET custom_string = \(text) WHERE app = \(application) AND channel = \(channel.id)
                AND incarnation = \(channel.incarnation) AND account = \(user)
            """
        ) == 1
    }

    /// Call under the channel's lock.
    ///
    /// - Parameter channel: as it is before the change is counted.
    /// - Returns: whether it changed: there is such a subscription, and it had another flag.
    static func setMessageFlag(
        _ flag: MessageFlag,
        of user: UserID,
        in channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        try tx.execute(
            """
            UPDATE subscriptions SET message_flag = \(flag.rawValue), version = \(channel.subscriptionHead + 1)
            WHERE app = \(application) AND channel = \(channel.id) AND incarnation = \(channel.incarnation)
                AND account = \(user) AND message_flag <> \(flag.rawValue)
            """
        ) == 1
    }

    /// - Returns: whether it moved: there is such a subscription, and its read position was before this one.
    static func markRead(
        _ seq: Int64,
        of user: UserID,
        in channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        try tx.execute(
            """
            UPDATE subscriptions SET read_seq = \(seq) WHERE app = \(application) AND channel = \(channel.id)
                AND incarnation = \(channel.incarnation) AND account = \(user) AND read_seq < \(seq)
            """
        ) == 1
    }

    /// How many subscribers have read up to a broadcast or further, of those who had subscribed when it was sent.
    static func readers(
        of seq: Int64,
        in channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Int64 {
        // The last condition follows from the others; it is what tells an engine that the index of readers is enough.
        try tx.row(
            """
            SELECT count(*) FROM subscriptions WHERE app = \(application) AND channel = \(channel.id)
                AND incarnation = \(channel.incarnation) AND read_seq >= \(seq) AND joined_seq < \(seq)
                AND read_seq > joined_seq
            """
        )?.integer(0) ?? 0
    }

    static func find(
        _ user: UserID,
        in channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Subscription? {
        try tx.row(
            """
            SELECT account, subscribed_at, message_flag, custom_string, last_sent_at_seconds
            FROM subscriptions WHERE app = \(application) AND channel = \(channel.id)
                AND incarnation = \(channel.incarnation) AND account = \(user)
            """
        ).map { row throws(ChatError) in try subscription(row, from: 0) }
    }

    /// Subscribers in the order in which they came, each with his place.
    static func page(
        of channel: OfficialChannel,
        of application: SDKAppID,
        after cursor: SubscriberCursor?,
        limit: Int,
        in tx: any Transaction
    ) throws(ChatError) -> [(position: Int64, subscription: Subscription)] {
        try tx.rows(
            """
            SELECT position, account, subscribed_at, message_flag, custom_string, last_sent_at_seconds
            FROM subscriptions WHERE app = \(application) AND channel = \(channel.id)
                AND incarnation = \(channel.incarnation)
                AND (position, account) > (\(cursor?.position ?? 0), \(cursor?.user.rawValue ?? ""))
            ORDER BY position, account LIMIT \(limit)
            """
        ).map { row throws(ChatError) in (try row.integer(0), try subscription(row, from: 1)) }
    }

    /// What a user's subscription says of what he is to receive; nil when he does not subscribe.
    static func standing(
        of user: UserID,
        in channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> (joinedSeq: Int64, readSeq: Int64, flag: MessageFlag, version: Int64)? {
        try tx.row(
            """
            SELECT joined_seq, read_seq, message_flag, version FROM subscriptions WHERE app = \(application)
                AND channel = \(channel.id) AND incarnation = \(channel.incarnation) AND account = \(user)
            """
        ).map { row throws(ChatError) in (try row.integer(0), try row.integer(1), try row.value(2), try row.integer(3))
        }
    }

    /// Every channel that a user subscribes to, and where it stands.
    static func followed(
        by user: UserID,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> [Timeline.Followed] {
        try tx.rows(
            """
            SELECT channels.id, channels.incarnation, head_seq, event_seq, message_flag, version
            FROM subscriptions JOIN channels ON channels.app = subscriptions.app
                AND channels.id = subscriptions.channel AND channels.incarnation = subscriptions.incarnation
            WHERE subscriptions.app = \(application) AND account = \(user)
            """
        ).map { row throws(ChatError) in try followed(row, of: application) }
    }

    /// Every channel that each of some users subscribes to, and where it stands.
    ///
    /// - Parameter users: at least one, a query's worth.
    static func followed(
        by users: [UserID],
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> [UserID: [Timeline.Followed]] {
        var followed: [UserID: [Timeline.Followed]] = [:]
        let rows = try tx.rows(
            """
            SELECT channels.id, channels.incarnation, head_seq, event_seq, message_flag, version, account
            FROM subscriptions JOIN channels ON channels.app = subscriptions.app
                AND channels.id = subscriptions.channel AND channels.incarnation = subscriptions.incarnation
            WHERE subscriptions.app = \(application) AND account IN (\(list: users))
            """
        )
        for row in rows { followed[try row.value(6), default: []].append(try self.followed(row, of: application)) }
        return followed
    }

    private static func followed(
        _ row: Row,
        of application: SDKAppID
    ) throws(ChatError) -> Timeline.Followed {
        let flag: MessageFlag = try row.value(4)
        return Timeline.Followed(
            reference: ChannelReference(
                application: application,
                channel: try row.value(0),
                incarnation: try row.integer(1)
            ),
            position: ChannelPosition(messageSeq: try row.integer(2), eventSeq: try row.integer(3)),
            discards: flag == .discard,
            version: try row.integer(5)
        )
    }

    /// How many channels a user subscribes to.
    static func count(of user: UserID, of application: SDKAppID, in tx: any Transaction) throws(ChatError) -> Int64 {
        try tx.row(
            """
            SELECT count(*) FROM subscriptions JOIN channels ON channels.app = subscriptions.app
                AND channels.id = subscriptions.channel AND channels.incarnation = subscriptions.incarnation
            WHERE subscriptions.app = \(application) AND account = \(user)
            """
        )?.integer(0) ?? 0
    }

    /// A user's subscriptions, newest first.
    static func channels(
        of user: UserID,
        of application: SDKAppID,
        offset: Int64,
        limit: Int64,
        in tx: any Transaction
    ) throws(ChatError) -> [(channel: ChannelID, subscription: Subscription)] {
        try tx.rows(
            """
            SELECT channel, account, subscribed_at, message_flag, subscriptions.custom_string, last_sent_at_seconds
            FROM subscriptions JOIN channels ON channels.app = subscriptions.app
                AND channels.id = subscriptions.channel AND channels.incarnation = subscriptions.incarnation
            WHERE subscriptions.app = \(application) AND account = \(user)
            ORDER BY subscribed_at DESC, channel DESC LIMIT \(limit) OFFSET \(offset)
            """
        ).map { row throws(ChatError) in (try row.value(0), try subscription(row, from: 1)) }
    }

    private static func subscription(_ row: Row, from first: Int) throws(ChatError) -> Subscription {
        Subscription(
            user: try row.value(first),
            subscribedAt: try row.timestamp(first + 1),
            messageFlag: try row.value(first + 2),
            customString: try row.text(first + 3),
            lastSentSeconds: try row.integer(first + 4)
        )
    }
}

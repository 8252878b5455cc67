package import ChatProtocol
import Database

/// A channel that a user subscribes to, as a list shows it.
package struct AccountSubscription: Sendable, Equatable {
    package let channel: ChannelID
    package let channelName: String
    package let subscribedAt: Timestamp
    package let messageFlag: MessageFlag
}

/// A channel that an account owns, as a list shows it.
package struct OwnedChannel: Sendable, Equatable {
    package let id: ChannelID
    package let name: String
    package let subscribers: Int64
    package let createdAt: Timestamp
}

extension Subscribers {
    /// What an account subscribes to, newest first; a page costs the same wherever it is.
    ///
    /// - Parameter last: the last of the page before; nil for the first page.
    package func subscriptions(
        of user: UserID,
        before last: (subscribedAt: Timestamp, channel: String)? = nil,
        limit: Int,
        in application: SDKAppID
    ) async throws(ChatError) -> [AccountSubscription] {
        let (time, channel) = last ?? (Timestamp(milliseconds: .max), "")
        return try await database.read { tx throws(ChatError) in
            try tx.rows(
                """
                SELECT channel, name, subscribed_at, message_flag
                FROM subscriptions JOIN channels ON channels.app = subscriptions.app
                    AND channels.id = subscriptions.channel AND channels.incarnation = subscriptions.incarnation
                WHERE subscriptions.app = \(application) AND account = \(user)
                    AND (subscribed_at, channel) < (\(time), \(channel))
                ORDER BY subscribed_at DESC, channel DESC LIMIT \(limit)
                """
            ).map { row throws(ChatError) in
                AccountSubscription(
                    channel: try row.value(0),
                    channelName: try row.text(1),
                    subscribedAt: try row.timestamp(2),
                    messageFlag: try row.value(3)
                )
            }
        }
    }
}

extension OfficialChannels {
    /// What an account owns, newest first; a page costs the same wherever it is.
    ///
    /// - Parameter last: the last of the page before; nil for the first page.
    package func owned(
        by owner: UserID,
        before last: (createdAt: Timestamp, channel: String)? = nil,
        limit: Int,
        in application: SDKAppID
    ) async throws(ChatError) -> [OwnedChannel] {
        let (time, channel) = last ?? (Timestamp(milliseconds: .max), "")
        return try await database.read { tx throws(ChatError) in
            try tx.rows(
                """
                SELECT id, name, subscribers, created_at FROM channels
                WHERE app = \(application) AND owner = \(owner) AND (created_at, id) < (\(time), \(channel))
                ORDER BY created_at DESC, id DESC LIMIT \(limit)
                """
            ).map { row throws(ChatError) in
                OwnedChannel(
                    id: try row.value(0),
                    name: try row.text(1),
                    subscribers: try row.integer(2),
                    createdAt: try row.timestamp(3)
                )
            }
        }
    }
}

package import ChatProtocol

/// A broadcast to be sent: one message to all subscribers of a channel.
///
/// Source: spec/official-channels.md B.10.
package struct NewBroadcast: Sendable {
    package let channel: ChannelID
    /// An unsigned 32-bit number; the same content under the same number is the same broadcast for 300 s.
    package let random: Int64
    package private(set) var body: MessageBody
    /// Nil when the caller gave none.
    package var cloudCustomData: String?
    package var pushInfo: OfflinePushInfo?
    /// For subscribers who are online now: not stored, not in history, not unread.
    package var isOnlineOnly = false
    /// Whether the "before" webhook is not asked about this one.
    package var skipsBeforeWebhook = false
    /// Whether the "after" webhook is not told of this one.
    package var skipsAfterWebhook = false
    /// False leaves the recipients' lists of recent conversations as they are.
    package var updatesLastMessage = true

    package init(channel: ChannelID, random: Int64, body: MessageBody) {
        (self.channel, self.random, self.body) = (channel, random, body)
    }

    /// The same with another content.
    func replacingBody(with body: MessageBody) -> NewBroadcast {
        var copy = self
        copy.body = body
        return copy
    }

    /// What counts against `messageBytes`.
    package var size: Int { body.json.count + (cloudCustomData?.utf8.count ?? 0) }
}

/// What a row of a channel's numbers stands for; every number that was taken has one.
package enum BroadcastKind: String, CaseIterable, Sendable {
    case stored
    /// For those who were online: history does not show it.
    case onlineOnly = "online-only"
    /// A "before" webhook dropped it silently: nobody got it, history does not show it.
    case dropped
}

/// A broadcast as history shows it.
package struct Broadcast: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        case message(MessageBody, cloudCustomData: String?)
        /// It is older than the application keeps messages.
        case expired
        case recalled
    }

    package let key: MessageKey
    package let random: Int64
    package let content: Content
}

/// A broadcast, whatever kind it is of.
package struct SentBroadcast: Sendable {
    package let kind: BroadcastKind
    /// One that was not stored has no content, as if it had expired.
    package let broadcast: Broadcast

    package init(kind: BroadcastKind, broadcast: Broadcast) {
        (self.kind, self.broadcast) = (kind, broadcast)
    }
}

/// A broadcast by itself, with all that is kept of it.
package struct BroadcastDetails: Sendable {
    package let kind: BroadcastKind
    package let sentAt: Timestamp
    /// One that was not stored has no content, as if it had expired.
    package let broadcast: Broadcast
    package let recall: (at: Timestamp, reason: String?)?
}

package import ChatProtocol

/// Something that has been committed and that other parts of the server, on every node, must hear of.
///
/// What is acted upon without a look at the storage says of which history it is, as ``TimelineEvent/lineage`` does: in
/// another one it may never have happened.
package enum Event: Sendable, Hashable {
    /// An application's keys, admins, plan, limits or switches changed, or it was deleted.
    case applicationChanged(SDKAppID)
    /// An application lost all its accounts and channels.
    case applicationEmptied(SDKAppID, lineage: Int64)
    /// An account's UserSigs issued up to now became void.
    case accountKicked(SDKAppID, UserID, lineage: Int64)
    /// Accounts are gone.
    case accountsDeleted(SDKAppID, [UserID], lineage: Int64)
    /// There may be webhooks of the application to deliver.
    case outboxFilled(SDKAppID)
    /// Something that a channel's subscribers see.
    case channel(TimelineEvent)
    /// A channel has come so far, with something that is too large for the bus: it is to be read from the storage.
    case channelMoved(ChannelReference, ChannelPosition, lineage: Int64)
    /// Users subscribe, or do no longer, or want a channel's messages otherwise.
    case subscriptions(SubscriptionEvent)
    /// Which sessions of a user a node has.
    case sessions(UserSessions)
    /// A node found the storage to be of another lineage: what was committed last may be gone from it.
    case storageChanged(lineage: Int64)
}

/// A channel as live connections know it: another one of the same ID has another incarnation.
package struct ChannelReference: Sendable, Hashable {
    package let application: SDKAppID
    package let channel: ChannelID
    package let incarnation: Int64

    package init(application: SDKAppID, channel: ChannelID, incarnation: Int64) {
        (self.application, self.channel, self.incarnation) = (application, channel, incarnation)
    }
}

/// Something that took a channel's `EventSeq`.
///
/// The numbers of a channel have no gap: whoever misses one reads it from the storage.
package struct TimelineEvent: Sendable, Hashable {
    package let reference: ChannelReference
    /// Where the channel stands with it.
    package let position: ChannelPosition
    /// What subscribers are told; nil when the number was taken for nothing that they see.
    package let notification: ChannelNotification?
    /// When it was committed, in milliseconds since 1970.
    package let committedAt: Int64
    /// Of which history of the storage it is; 0 for a storage that has one, and when nobody says.
    ///
    /// In another history the numbers mean something else.
    package let lineage: Int64

    package init(
        _ reference: ChannelReference,
        _ position: ChannelPosition,
        _ notification: ChannelNotification?,
        committedAt: Int64,
        lineage: Int64
    ) {
        (self.reference, self.position) = (reference, position)
        (self.notification, self.committedAt, self.lineage) = (notification, committedAt, lineage)
    }
}

/// A change of some users' subscriptions to a channel.
package struct SubscriptionEvent: Sendable, Hashable {
    package enum Change: Sendable, Hashable {
        /// They subscribe from a position on; the parameters of the notification go with it.
        case subscribed(ChannelPosition, parameters: [UInt8])
        case unsubscribed
        /// Whether they want none of the channel's messages.
        case discarding(Bool)
    }

    package let reference: ChannelReference
    package let users: [UserID]
    package let change: Change
    /// The change's number among all changes of the channel's subscriptions: of two that concern a user the one with the
    /// greater number came later, in whatever order they are heard.
    package let version: Int64
    /// As ``TimelineEvent/lineage``.
    package let lineage: Int64

    package init(
        _ reference: ChannelReference,
        _ users: [UserID],
        _ change: Change,
        version: Int64,
        lineage: Int64
    ) {
        (self.reference, self.users, self.change) = (reference, users, change)
        (self.version, self.lineage) = (version, lineage)
    }
}

package import ChatProtocol
import Database
package import EventBus

/// Tells every node, when a change is durable, what a channel's subscribers see of it.
struct ChannelAnnouncer: Sendable {
    let bus: any EventBus
    let clock: any WallClock
    let generation: StorageGeneration

    /// A broadcast, sent or dropped; call in its transaction.
    ///
    /// - Parameter channel: as it was before.
    func sent(
        _ broadcast: NewBroadcast,
        _ kind: BroadcastKind,
        _ key: MessageKey,
        in channel: OfficialChannel,
        of application: SDKAppID,
        _ tx: any Transaction
    ) {
        let eventSeq = channel.eventSeq + 1
        let epoch = generation.epoch(of: channel.incarnation, in: tx)
        let lineage = tx.lineage
        tx.onCommit { [self] in
            let notification: ChannelNotification? =
                kind == .dropped
                ? nil
                : .message(
                    in: channel.id,
                    epoch,
                    key,
                    eventSeq: eventSeq,
                    elements: broadcast.body.json,
                    cloudCustomData: broadcast.cloudCustomData,
                    isOnlineOnly: kind == .onlineOnly
                )
            let position = ChannelPosition(messageSeq: key.seq, eventSeq: eventSeq)
            publish(notification, at: position, in: channel.reference(of: application), lineage)
        }
    }

    /// Broadcasts were recalled, each with an `EventSeq` of its own from the next one on.
    ///
    /// - Parameter channel: as it was before.
    func recalled(
        _ keys: [MessageKey],
        reason: String?,
        in channel: OfficialChannel,
        of application: SDKAppID,
        _ tx: any Transaction
    ) {
        let epoch = generation.epoch(of: channel.incarnation, in: tx)
        let lineage = tx.lineage
        tx.onCommit { [self] in
            for (eventSeq, key) in zip((channel.eventSeq + 1)..., keys) {
                publish(
                    .revoked(key, in: channel.id, epoch, eventSeq: eventSeq, reason: reason),
                    at: ChannelPosition(messageSeq: channel.headSeq, eventSeq: eventSeq),
                    in: channel.reference(of: application),
                    lineage
                )
            }
        }
    }

    /// The profile was modified.
    ///
    /// - Parameter channel: as it is now.
    func modified(_ channel: OfficialChannel, of application: SDKAppID, in tx: any Transaction) {
        let (item, lineage) = (item(channel, in: tx), tx.lineage)
        tx.onCommit { [self] in
            publish(
                .infoChanged(item, eventSeq: channel.eventSeq),
                at: channel.position,
                in: channel.reference(of: application),
                lineage
            )
        }
    }

    /// The channel was destroyed.
    ///
    /// - Parameter channel: as it was before.
    func destroyed(_ channel: OfficialChannel, of application: SDKAppID, in tx: any Transaction) {
        let epoch = generation.epoch(of: channel.incarnation, in: tx)
        let (eventSeq, lineage) = (channel.eventSeq + 1, tx.lineage)
        tx.onCommit { [self] in
            publish(
                .deleted(channel.id, epoch, eventSeq: eventSeq),
                at: ChannelPosition(messageSeq: channel.headSeq, eventSeq: eventSeq),
                in: channel.reference(of: application),
                lineage
            )
        }
    }

    /// Users subscribe.
    ///
    /// - Parameter channel: as it is now.
    func subscribed(
        _ users: [UserID],
        to channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) {
        let (item, lineage) = (item(channel, in: tx), tx.lineage)
        tx.onCommit { [self] in
            let parameters = JSONObject(item.members).json
            let change = SubscriptionEvent.Change.subscribed(channel.position, parameters: parameters)
            publish(change, of: users, in: channel, of: application, lineage)
        }
    }

    /// Users subscribe no longer, or want the channel's messages otherwise.
    ///
    /// - Parameter channel: as it is now.
    func changed(
        _ users: [UserID],
        _ change: SubscriptionEvent.Change,
        in channel: OfficialChannel,
        of application: SDKAppID,
        _ tx: any Transaction
    ) {
        let lineage = tx.lineage
        tx.onCommit { [self] in publish(change, of: users, in: channel, of: application, lineage) }
    }

    /// The channel as subscribers are shown it.
    func item(_ channel: OfficialChannel, in tx: any Transaction) -> ChannelItem {
        ChannelItem(channel.item, generation.epoch(of: channel.incarnation, in: tx), channel.position)
    }

    /// - Parameter channel: as the change has left it.
    private func publish(
        _ change: SubscriptionEvent.Change,
        of users: [UserID],
        in channel: OfficialChannel,
        of application: SDKAppID,
        _ lineage: Int64
    ) {
        let (reference, version) = (channel.reference(of: application), channel.subscriptionHead)
        bus.publish(
            .subscriptions(SubscriptionEvent(reference, users, change, version: version, lineage: lineage))
        )
    }

    private func publish(
        _ notification: ChannelNotification?,
        at position: ChannelPosition,
        in reference: ChannelReference,
        _ lineage: Int64
    ) {
        let now = clock.now.milliseconds
        bus.publish(.channel(TimelineEvent(reference, position, notification, committedAt: now, lineage: lineage)))
    }
}

extension OfficialChannel {
    /// Where the channel stands.
    package var position: ChannelPosition {
        ChannelPosition(messageSeq: headSeq, eventSeq: eventSeq)
    }

    package func reference(of application: SDKAppID) -> ChannelReference {
        ChannelReference(application: application, channel: id, incarnation: incarnation)
    }
}

import Chat
import ChatProtocol
import EventBus
import NIOCore
import WebSockets

/// How a session follows its user's subscriptions.
///
/// Changes are numbered by their channel, and nodes tell of them independently: what is not newer than what the session
/// knows of the channel is no news, in whatever order it comes.
extension Session {
    /// A change that was heard before the session opened, and the frame that tells the client of it.
    struct EarlyChange {
        let event: SubscriptionEvent
        let notification: ByteBuffer

        var beginning: ChannelPosition? {
            if case .subscribed(let position, _) = event.change { position } else { nil }
        }
    }

    /// How long what a node has told may be under way.
    ///
    /// What takes longer comes after a gap, and then everybody is compared with the storage.
    static let longestWay = TimeAmount.seconds(10)

    /// Follows what was read at the login, and what was heard since then.
    func begin(_ followed: [Timeline.Followed], _ early: [EarlyChange], _ connection: WebSocketConnection) {
        var told: [(ChannelReference, ChannelPosition, ByteBuffer)] = []
        join(
            followed.map { channel in
                // Heard of and read, too: the client is told, and brought what comes after what it is told.
                let heard = early.filter {
                    $0.event.reference == channel.reference && $0.event.version <= channel.version
                        && $0.beginning != nil
                }
                guard let newest = heard.max(by: { $0.event.version < $1.event.version }),
                    let beginning = newest.beginning
                else { return channel }
                told.append((channel.reference, beginning, newest.notification))
                return Timeline.Followed(
                    reference: channel.reference,
                    position: beginning,
                    discards: channel.discards,
                    version: channel.version
                )
            }
        )
        for (channel, beginning, notification) in told {
            tell(notification, connection)
            membership(in: channel)?.toldFrom = beginning
        }
        for change in early { apply(change.event, change.notification) }
    }

    /// The user's subscriptions changed.
    ///
    /// - Parameter notification: the frame that tells the client; empty when it is told nothing.
    func apply(_ event: SubscriptionEvent, _ notification: ByteBuffer) {
        guard case .open(let connection) = state else {
            if case .awaited = state { early.append(EarlyChange(event: event, notification: notification)) }
            return
        }
        guard connection.isOpen else { return }
        let own = membership(in: event.reference)
        if let known = own?.version ?? left[event.reference], event.version <= known { return }
        if own == nil, isDoubtful(event) { shared.doubts.add(account) }
        switch event.change {
        case .subscribed(let position, _):
            rejoin(
                Timeline.Followed(
                    reference: event.reference,
                    position: position,
                    discards: false,
                    version: event.version
                )
            )
        case .unsubscribed: leave(event.reference, version: event.version)
        case .discarding(let discards):
            own?.discards = discards
            own?.version = event.version
        }
        tell(notification, connection)
    }

    private func rejoin(_ followed: Timeline.Followed) {
        // Also an earlier subscription, of whose end nothing was heard yet: the client begins anew.
        let earlier = memberships.filter { $0.room.reference.channel == followed.reference.channel }
        let had = earlier.filter { $0.room.reference == followed.reference }.map { $0.room.passedNumber(of: $0) }
        leave(earlier)
        // The room may be further already, when this loop hears of the subscription late. The session is there all the same,
        // except for what it had by an earlier subscription.
        let passed = had.max() ?? left.passed(followed.reference)
        join([followed], unstoredFrom: max(followed.position.eventSeq, passed))
        membership(in: followed.reference)?.toldFrom = followed.position
    }

    private func leave(_ reference: ChannelReference, version: Int64) {
        let own = membership(in: reference)
        let passed = own.map { $0.room.passedNumber(of: $0) }
        if let own { leave([own]) }
        left.add(reference, version, passed: passed ?? left.passed(reference))
    }

    private func tell(_ notification: ByteBuffer, _ connection: WebSocketConnection) {
        if notification.readableBytes > 0 { _ = connection.sendAlways(notification) }
    }

    /// Whether a change of a channel that the session does not follow may be older than what it does not know of.
    private func isDoubtful(_ event: SubscriptionEvent) -> Bool {
        switch event.change {
        case .subscribed:
            // Who unsubscribed before the login is not in what it read, and the change before that may still be under way.
            NIODeadline.now() - followedSince < Self.longestWay
                // Incarnations have no order.
                || memberships.contains { $0.room.reference.channel == event.reference.channel }
        case .unsubscribed: false
        // There is a subscription of which nothing was heard.
        case .discarding: true
        }
    }

    func membership(in reference: ChannelReference) -> Membership? {
        memberships.first { $0.room.reference == reference }
    }

    /// The channel is gone, and the client was told so.
    func lose(_ membership: Membership) {
        // It may have gone by itself meanwhile.
        if !membership.isOver { leave(membership.room.reference, version: .max) }
    }

    /// An answer has told the client that its user does not subscribe.
    func leaveUnlessChanged(_ membership: Membership) {
        // What was heard since the storage was read is newer: the client is to ask again.
        guard membership.version == membership.heldVersion else { return leaveOut(membership) }
        leave(membership.room.reference, version: membership.version)
    }

    /// Takes what the storage says of a channel, as far as it is newer than what was heard.
    ///
    /// - Parameter notification: the frame that tells the client, if it is to be told; empty when there is nothing to tell.
    func settle(_ reference: ChannelReference, _ found: Timeline.OwnSubscription, _ notification: ByteBuffer) {
        guard case .open(let connection) = state, connection.isOpen, shared.rooms.isNow(term) else { return }
        let own = membership(in: reference)
        switch found {
        // Its room tells everybody who is in it.
        case .channelGone: break
        case .notSubscribed(let version):
            guard let own, version > own.version else { return }
            leave(reference, version: version)
            tell(notification, connection)
        case .subscribed(let followed, _):
            if let own { return refresh(own, by: followed) }
            if let version = left[reference], followed.version <= version { return }
            rejoin(followed)
            tell(notification, connection)
        }
    }

    private func refresh(_ membership: Membership, by followed: Timeline.Followed) {
        // Who is being caught up with is left alone: its client is in the middle of asking.
        guard followed.version > membership.version, membership.catchUp == nil else { return }
        let wantsAgain = membership.discards && !followed.discards
        membership.version = followed.version
        membership.discards = followed.discards
        guard wantsAgain else { return }
        // Since when he has wanted the messages nobody knows: the client asks for what it has not got.
        leaveOut(membership)
        tellOfLag()
    }
}

package import ChatProtocol
package import Database
package import EventBus

/// What a channel's subscribers see, in the order of its `EventSeq`, as the storage has it.
///
/// For live connections: whatever they did not hear of they read here.
///
/// Source: design section 4.
package struct Timeline: Sendable {
    /// The most posts, and half of the most events, that `resume` brings; of more it says reload.
    package static let mostEvents = 500
    /// The most bytes of events that one answer brings; it goes on after them.
    package static let mostBytes = 1_048_576

    let database: any Database
    let generation: StorageGeneration
    let mostEvents: Int64
    let mostBytes: Int

    /// - Parameters:
    ///   - generation: the storage's.
    ///   - mostEvents: a smaller number than that of servers is for tests.
    package init(
        database: any Database,
        generation: StorageGeneration,
        mostEvents: Int = Self.mostEvents,
        mostBytes: Int = Self.mostBytes
    ) {
        (self.database, self.generation) = (database, generation)
        (self.mostEvents, self.mostBytes) = (Int64(mostEvents), mostBytes)
    }

    /// A channel that a user subscribes to, and where it stands.
    package struct Followed: Sendable {
        package let reference: ChannelReference
        package let position: ChannelPosition
        /// Whether the user wants none of its messages.
        package let discards: Bool
        /// By which change of the channel's subscriptions his own is as it is.
        package let version: Int64

        package init(reference: ChannelReference, position: ChannelPosition, discards: Bool, version: Int64) {
            (self.reference, self.position) = (reference, position)
            (self.discards, self.version) = (discards, version)
        }
    }

    /// Every channel that a user subscribes to; nil when the account is not imported.
    ///
    /// - Parameter token: that he logged in with, if he did. It is looked at once more: a kick, or a deletion, may have come between
    ///   the login and the moment from which the session hears of them.
    /// - Throws: 70001 when it has become void.
    package func followed(
        by user: UserID,
        with token: VerifiedToken? = nil,
        of application: SDKAppID
    ) async throws(ChatError) -> [Followed]? {
        try await database.read { tx throws(ChatError) in
            if let token, let voidUntil = try AccountTable.signaturesVoidUntil(user, of: application, in: tx),
                token.issuedAt <= voidUntil
            {
                throw .voidUserSig
            }
            guard try AccountTable.exists(user, of: application, in: tx) else { return nil }
            return try SubscriptionTable.followed(by: user, of: application, in: tx)
        }
    }

    /// Where channels stand; those that are gone are left out.
    package func heads(
        of references: [ChannelReference]
    ) async throws(ChatError) -> [ChannelReference: ChannelPosition] {
        try await database.read { tx throws(ChatError) in
            var heads: [ChannelReference: ChannelPosition] = [:]
            for (application, references) in Dictionary(grouping: references, by: \.application) {
                var rest = references.map(\.channel)[...]
                while !rest.isEmpty {
                    let ids = rest.prefix(Self.headsInOneQuery)
                    for (reference, head) in try ChannelTable.heads(of: ids, of: application, in: tx) {
                        heads[reference] = head
                    }
                    rest = rest.dropFirst(Self.headsInOneQuery)
                }
            }
            return heads
        }
    }

    private static let headsInOneQuery = 200
    /// Events that are read at once for who is connected, with up to 12 kB each.
    private static let eventsAtOnce: Int64 = 100

    /// The events after a position, without a gap, at most a hundred; nil when the channel is gone.
    ///
    /// An event whose content nobody can have any more (recalled, expired, online-only, a profile that was modified
    /// again) has no notification.
    package func events(
        in reference: ChannelReference,
        after position: ChannelPosition,
        of application: Application,
        at now: Timestamp
    ) async throws(ChatError) -> [TimelineEvent]? {
        try await database.read { tx throws(ChatError) in
            guard let channel = try ChannelTable.find(reference.channel, of: reference.application, in: tx),
                channel.incarnation == reference.incarnation
            else { return nil }
            let end = min(channel.eventSeq, position.eventSeq + min(mostEvents, Self.eventsAtOnce))
            guard position.eventSeq < end else { return [] }
            var read = ReadEvents()
            try self.read(channel, of: application, after: position, upTo: end, at: now, withBodies: true, &read, tx)
            var messageSeq = position.messageSeq
            return ((position.eventSeq + 1)...end).map { eventSeq in
                let event = read.events[eventSeq]
                messageSeq = max(messageSeq, event?.messageSeq ?? 0)
                return TimelineEvent(
                    reference,
                    ChannelPosition(messageSeq: messageSeq, eventSeq: eventSeq),
                    event?.notification,
                    committedAt: event?.at.milliseconds ?? now.milliseconds,
                    lineage: tx.lineage
                )
            }
        }
    }

    /// What was read of a part of a channel's events.
    struct ReadEvents {
        struct Event {
            /// Of the message that was sent; 0 for another event.
            var messageSeq: Int64 = 0
            let notification: ChannelNotification?
            let at: Timestamp
        }

        /// By their `EventSeq`; a number that is not there was taken by a profile that was modified again.
        var events: [Int64: Event] = [:]
        /// The greatest `MsgSeq` among them.
        var messageSeq: Int64 = 0
        /// In bytes of JSON.
        var size = 0
        /// Whether the content of a message is no longer kept.
        var hasExpired = false
        /// Whether nothing comes after them.
        var isWhole = true

        mutating func add(_ event: Event, _ eventSeq: Int64) {
            events[eventSeq] = event
            messageSeq = max(messageSeq, event.messageSeq)
            size += event.notification?.parameters.count ?? 0
        }
    }

    func read(
        _ channel: OfficialChannel,
        of application: Application,
        after start: ChannelPosition,
        upTo end: Int64,
        at now: Timestamp,
        withBodies: Bool,
        _ read: inout ReadEvents,
        _ tx: any Transaction
    ) throws(ChatError) {
        let epoch = generation.epoch(of: channel.incarnation, in: tx)
        let all = try BroadcastTable.sent(
            in: channel,
            of: application.id,
            after: start,
            upTo: end,
            withBodies: withBodies,
            tx
        )
        for sent in all {
            let isKept = sent.body != nil && !application.hasExpired(sent.sentAt, at: now)
            if sent.isStored, !sent.isRecalled, !isKept { read.hasExpired = true }
            let event = ReadEvents.Event(
                messageSeq: sent.key.seq,
                notification: isKept
                    ? .message(
                        in: channel.id,
                        epoch,
                        sent.key,
                        eventSeq: sent.eventSeq,
                        elements: sent.body ?? [],
                        cloudCustomData: sent.cloudCustomData,
                        isOnlineOnly: false
                    ) : nil,
                at: sent.sentAt
            )
            read.add(event, sent.eventSeq)
        }
        for recall in try BroadcastTable.recalls(in: channel, of: application.id, after: start, upTo: end, tx) {
            let event = ReadEvents.Event(
                notification: .revoked(
                    recall.key,
                    in: channel.id,
                    epoch,
                    eventSeq: recall.eventSeq,
                    reason: recall.reason
                ),
                at: recall.at
            )
            read.add(event, recall.eventSeq)
        }
        if channel.profileEventSeq > start.eventSeq, channel.profileEventSeq <= end {
            let item = ChannelItem(channel.item, epoch, channel.position)
            let notification = ChannelNotification.infoChanged(item, eventSeq: channel.profileEventSeq)
            read.add(ReadEvents.Event(notification: notification, at: now), channel.profileEventSeq)
        }
    }
}

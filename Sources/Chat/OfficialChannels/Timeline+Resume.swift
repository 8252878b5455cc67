package import ChatProtocol
import Database
import EventBus

/// What a subscriber lacks after having been away.
///
/// Source: docs/subscriber-protocol.md.
extension Timeline {
    /// Events that are read at once for an answer of bounded size.
    private static let eventsInPart: Int64 = 20

    /// What a client says it has of a channel.
    package struct ClientPosition: Sendable {
        package let channel: ChannelID
        package let epoch: String
        package let messageSeq: Int64
        /// Nil when the client does not know.
        package let eventSeq: Int64?

        package init(channel: ChannelID, epoch: String, messageSeq: Int64, eventSeq: Int64?) {
            (self.channel, self.epoch, self.messageSeq, self.eventSeq) = (channel, epoch, messageSeq, eventSeq)
        }
    }

    /// What a subscriber is missing in each of some channels, in the order given.
    ///
    /// Never hides a gap: what cannot be proven complete is answered with reload.
    package func resume(
        _ positions: [ClientPosition],
        for user: UserID,
        of application: Application,
        at now: Timestamp
    ) async throws(ChatError) -> [ResumeAnswer] {
        try await database.read { tx throws(ChatError) -> [ResumeAnswer] in
            var room = mostBytes
            var answers: [ResumeAnswer] = []
            for position in positions {
                let answer = try resume(position, for: user, of: application, at: now, room: room, tx)
                if case .missing(let missing) = answer.content { room = max(0, room - missing.size) }
                answers.append(answer)
            }
            return answers
        }
    }

    private func resume(
        _ client: ClientPosition,
        for user: UserID,
        of application: Application,
        at now: Timestamp,
        room: Int,
        _ tx: any Transaction
    ) throws(ChatError) -> ResumeAnswer {
        guard let channel = try ChannelTable.find(client.channel, of: application.id, in: tx),
            let subscription = try SubscriptionTable.standing(of: user, in: channel, of: application.id, in: tx)
        else { return ResumeAnswer(.reload, at: nil) }
        let epoch = generation.epoch(of: channel.incarnation, in: tx)
        let reload = ResumeAnswer(.reload, at: (epoch, channel.position))
        guard client.epoch == epoch.description, (0...channel.headSeq).contains(client.messageSeq),
            (0...channel.eventSeq).contains(client.eventSeq ?? 0)
        else { return reload }
        // What was sent before he subscribed is not owed to him.
        let messageSeq = max(client.messageSeq, subscription.joinedSeq)
        let eventSeq =
            if let known = client.eventSeq { known } else {
                try BroadcastTable.eventSeq(of: client.messageSeq, in: channel, of: application.id, tx)
            }
        let start = ChannelPosition(messageSeq: messageSeq, eventSeq: eventSeq)
        // Who wants no messages misses none.
        let discards = subscription.flag == .discard
        // He may know of later events and lack messages before them, which he did not want then: from the first of them.
        var read = ReadEvents()
        var reached = start
        if messageSeq < channel.headSeq, !discards {
            let first = try BroadcastTable.eventSeq(of: messageSeq + 1, in: channel, of: application.id, tx)
            reached = ChannelPosition(messageSeq: messageSeq, eventSeq: min(eventSeq, max(0, first - 1)))
        }
        guard channel.headSeq - messageSeq <= mostEvents, channel.eventSeq - reached.eventSeq <= 2 * mostEvents
        else { return reload }
        guard room > 0 || start == channel.position else {
            // The channels before it have filled the answer: nothing of it is read.
            var missing = ResumeAnswer.Missing()
            missing.hasMore = true
            return ResumeAnswer(.missing(missing), at: (epoch, start))
        }
        // In parts, so that no more is read than has room.
        while reached.eventSeq < channel.eventSeq, read.size <= room {
            let end = min(channel.eventSeq, reached.eventSeq + Self.eventsInPart)
            try self.read(
                channel,
                of: application,
                after: reached,
                upTo: end,
                at: now,
                withBodies: !discards,
                &read,
                tx
            )
            reached = ChannelPosition(messageSeq: max(reached.messageSeq, read.messageSeq), eventSeq: end)
        }
        read.isWhole = reached.eventSeq == channel.eventSeq
        guard !read.hasExpired || discards else { return reload }
        return answer(read, to: start, in: channel, epoch, discards: discards, room: room)
    }

    /// The events as an answer, as far as they fit.
    private func answer(
        _ read: ReadEvents,
        to start: ChannelPosition,
        in channel: OfficialChannel,
        _ epoch: ChannelEpoch,
        discards: Bool,
        room: Int
    ) -> ResumeAnswer {
        var missing = ResumeAnswer.Missing()
        var size = 0
        var reached = start
        for (eventSeq, event) in read.events.sorted(by: { $0.key < $1.key }) {
            let isMissing = eventSeq > start.eventSeq || event.messageSeq > start.messageSeq
            if isMissing, let notification = event.notification, !discards || !notification.kind.concernsMessages {
                size += notification.parameters.count
                // One always fits, so that resuming again goes on.
                if size > room, missing.size > 0 {
                    missing.hasMore = true
                    break
                }
                switch notification.kind {
                case .message:
                    let position = ChannelPosition(messageSeq: event.messageSeq, eventSeq: eventSeq)
                    missing.add(
                        .init(parameters: notification.parameters, position: position, sentAt: event.at.milliseconds)
                    )
                case .revoked: missing.revoked.append(notification.parameters)
                case .infoChanged: missing.infoChanged = notification.parameters
                case .deleted: break
                }
            }
            reached = ChannelPosition(
                messageSeq: max(reached.messageSeq, event.messageSeq),
                eventSeq: max(reached.eventSeq, eventSeq)
            )
        }
        if !read.isWhole { missing.hasMore = true }
        let end = missing.hasMore ? reached : channel.position
        return ResumeAnswer(.missing(missing), at: (epoch, end))
    }
}

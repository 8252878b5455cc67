import ChatProtocol
package import EventBus

extension Frame {
    /// An event as other nodes are told it; of a subscription event without its users.
    package init(_ event: Event, from node: String) {
        switch event {
        case .applicationChanged(let application):
            self.init(.applicationChanged, from: node)
            add(.application, application.rawValue)
        case .applicationEmptied(let application, let lineage):
            self.init(.applicationEmptied, from: node)
            add(.application, application.rawValue)
            add(lineage: lineage)
        case .accountKicked(let application, let user, let lineage):
            self.init(.accountKicked, from: node)
            add(.application, application.rawValue)
            add(.user, user.rawValue)
            add(lineage: lineage)
        case .accountsDeleted(let application, let users, let lineage):
            self.init(.accountsDeleted, from: node)
            add(.application, application.rawValue)
            for user in users { add(.user, user.rawValue) }
            add(lineage: lineage)
        case .outboxFilled(let application):
            self.init(.outboxFilled, from: node)
            add(.application, application.rawValue)
        case .channel(let event):
            self.init(.channel, from: node)
            add(event)
        case .channelMoved(let reference, let position, let lineage):
            self.init(.channelMoved, from: node)
            add(reference)
            add(position)
            add(lineage: lineage)
        case .subscriptions(let event):
            self.init(.subscriptions, from: node)
            add(event.reference)
            add(event.change)
            add(.subscriptionVersion, event.version)
            add(lineage: event.lineage)
        case .sessions(let sessions):
            self.init(.sessions, from: node)
            add(sessions)
        case .storageChanged(let lineage):
            self.init(.storageChanged, from: node)
            add(.lineage, lineage)
        }
    }

    private mutating func add(lineage: Int64) {
        if lineage != 0 { add(.lineage, lineage) }
    }

    private mutating func add(_ reference: ChannelReference) {
        add(.application, reference.application.rawValue)
        add(.channel, reference.channel.rawValue)
        add(.incarnation, reference.incarnation)
    }

    private mutating func add(_ position: ChannelPosition) {
        add(.messageSeq, position.messageSeq)
        add(.eventSeq, position.eventSeq)
    }

    private mutating func add(_ event: TimelineEvent) {
        add(event.reference)
        add(event.position)
        add(.committedAt, event.committedAt)
        add(lineage: event.lineage)
        guard let notification = event.notification else { return }
        add(.method, notification.kind.rawValue)
        add(.parameters, notification.parameters)
        if !notification.isStored { add(.isOnlineOnly) }
    }

    private mutating func add(_ change: SubscriptionEvent.Change) {
        switch change {
        case .subscribed(let position, let parameters):
            add(.change, ChangeCode.subscribed.rawValue)
            add(position)
            add(.parameters, parameters)
        case .unsubscribed: add(.change, ChangeCode.unsubscribed.rawValue)
        case .discarding(true): add(.change, ChangeCode.discards.rawValue)
        case .discarding(false): add(.change, ChangeCode.accepts.rawValue)
        }
    }

    private mutating func add(_ sessions: UserSessions) {
        let round = sessions.round
        add(.application, round.application.rawValue)
        add(.user, round.user.rawValue)
        add(.round, round.number)
        if let newest = round.newest { add(.newest, newest) }
        add(.limit, round.limit)
        if sessions.isQuestion { add(.isQuestion) }
        add(.node, sessions.node)
        for session in sessions.sessions { add(.session, session.instance.wireBytes + session.openedAt.wireBytes) }
    }
}

/// What became of a subscription, in a frame.
private enum ChangeCode: Int64 {
    case subscribed = 1
    case unsubscribed = 2
    case discards = 3
    case accepts = 4
}

extension Event {
    /// The event in a frame; nil when it is none, or something that it needs is missing.
    package init?(_ frame: ReadFrame) {
        switch frame.kind {
        case .applicationChanged:
            guard let application = frame.application else { return nil }
            self = .applicationChanged(application)
        case .applicationEmptied:
            guard let application = frame.application, let lineage = frame.ownLineage else { return nil }
            self = .applicationEmptied(application, lineage: lineage)
        case .accountKicked:
            guard let application = frame.application, let user = frame.users.first, let lineage = frame.ownLineage
            else { return nil }
            self = .accountKicked(application, user, lineage: lineage)
        case .accountsDeleted:
            guard let application = frame.application, !frame.users.isEmpty, let lineage = frame.ownLineage
            else { return nil }
            self = .accountsDeleted(application, frame.users, lineage: lineage)
        case .outboxFilled:
            guard let application = frame.application else { return nil }
            self = .outboxFilled(application)
        case .channel:
            guard let event = frame.channelEvent else { return nil }
            self = event
        case .channelMoved:
            guard let reference = frame.reference, let position = frame.position, let lineage = frame.ownLineage
            else { return nil }
            self = .channelMoved(reference, position, lineage: lineage)
        case .subscriptions:
            guard let reference = frame.reference, let change = frame.change,
                let version = frame.number(.subscriptionVersion), let lineage = frame.ownLineage,
                !frame.users.isEmpty
            else { return nil }
            self = .subscriptions(
                SubscriptionEvent(reference, frame.users, change, version: version, lineage: lineage)
            )
        case .sessions:
            guard let sessions = frame.sessions else { return nil }
            self = .sessions(sessions)
        case .storageChanged:
            guard let lineage = frame.lineage else { return nil }
            self = .storageChanged(lineage: lineage)
        case .gap, .node, .question, .answer, nil: return nil
        }
    }
}

extension ReadFrame {
    fileprivate var application: SDKAppID? { number(.application).flatMap(SDKAppID.init(rawValue:)) }

    fileprivate var users: [UserID] { texts(.user).compactMap(UserID.init(rawValue:)) }

    fileprivate var reference: ChannelReference? {
        guard let application, let channel = text(.channel).flatMap(ChannelID.init(rawValue:)),
            let incarnation = number(.incarnation)
        else { return nil }
        return ChannelReference(application: application, channel: channel, incarnation: incarnation)
    }

    fileprivate var position: ChannelPosition? {
        guard let messageSeq = count(.messageSeq), let eventSeq = count(.eventSeq) else { return nil }
        return ChannelPosition(messageSeq: messageSeq, eventSeq: eventSeq)
    }

    /// Of which history an event is; 0 when it does not say, nil when it says something that cannot be.
    fileprivate var ownLineage: Int64? { has(.lineage) ? lineage : 0 }

    fileprivate var channelEvent: Event? {
        guard let reference, let position, let committedAt = count(.committedAt), let lineage = ownLineage
        else { return nil }
        var notification: ChannelNotification?
        if let method = text(.method) {
            // Of a kind that only a later version knows: at least the number is known to be taken.
            guard let kind = ChannelNotification.Kind(rawValue: method), let parameters = bytes(.parameters) else {
                return .channelMoved(reference, position, lineage: lineage)
            }
            notification = ChannelNotification(kind, parameters, isStored: !has(.isOnlineOnly))
        }
        return .channel(
            TimelineEvent(reference, position, notification, committedAt: committedAt, lineage: lineage)
        )
    }

    fileprivate var change: SubscriptionEvent.Change? {
        switch number(.change).flatMap(ChangeCode.init(rawValue:)) {
        case .subscribed:
            guard let position, let parameters = bytes(.parameters) else { return nil }
            return .subscribed(position, parameters: parameters)
        case .unsubscribed: return .unsubscribed
        case .discards: return .discarding(true)
        case .accepts: return .discarding(false)
        case nil: return nil
        }
    }

    fileprivate var sessions: UserSessions? {
        guard let application, let user = users.first, let number = number(.round), let limit = count(.limit),
            limit > 0,
            let node = self.number(.node)
        else { return nil }
        let round = UserSessions.Round(
            application: application,
            user: user,
            number: number,
            newest: self.number(.newest),
            limit: limit
        )
        let sessions = all(.session).compactMap { bytes -> UserSessions.Session? in
            guard let instance = Int64(wireBytes: bytes.prefix(8)),
                let openedAt = Int64(wireBytes: bytes.dropFirst(8).prefix(8)), ReadFrame.counts.contains(openedAt)
            else { return nil }
            return UserSessions.Session(instance: instance, openedAt: openedAt)
        }
        return UserSessions(round, isQuestion: has(.isQuestion), node: node, sessions: sessions)
    }
}

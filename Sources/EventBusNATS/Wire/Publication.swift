import ChatProtocol
package import EventBus

/// A message as it is handed to the bus.
package struct Publication: Sendable, Equatable {
    package let subject: String
    package var reply: String?
    package let payload: [UInt8]

    package init(subject: String, reply: String? = nil, payload: [UInt8]) {
        (self.subject, self.reply, self.payload) = (subject, reply, payload)
    }
}

/// Turns events into messages: which subjects they go to, and what becomes of those that are too large.
package struct Publisher: Sendable {
    /// Of more users than this the change goes to every node at once instead of to each user's subject.
    ///
    /// A user's message carries the channel's item, half a kilobyte and more; in the one that goes everywhere a user is
    /// his name. So from here on, and be it in an installation of twenty nodes, the one is the smaller.
    package static let mostUserSubjects = 16

    private let subjects: Subjects
    private let node: String

    package init(subjects: Subjects, node: String) {
        (self.subjects, self.node) = (subjects, node)
    }

    /// - Parameter limit: bytes that the bus carries in one message.
    /// - Returns: nil when it does not fit and nothing smaller would do.
    package func publications(of event: Event, limit: Int) -> [Publication]? {
        var frame = Frame(event, from: node)
        switch event {
        case .applicationChanged, .applicationEmptied, .accountKicked, .accountsDeleted, .outboxFilled,
            .storageChanged:
            return fitting([Publication(subject: subjects.all, payload: frame.bytes)], limit)
        case .channel(let event):
            let subject = subjects.of(.channel(event.reference.application, event.reference.channel))
            guard frame.bytes.count > limit else { return [Publication(subject: subject, payload: frame.bytes)] }
            let hint = Frame(.channelMoved(event.reference, event.position, lineage: event.lineage), from: node)
            return fitting([Publication(subject: subject, payload: hint.bytes)], limit)
        case .channelMoved(let reference, _, _):
            let subject = subjects.of(.channel(reference.application, reference.channel))
            return fitting([Publication(subject: subject, payload: frame.bytes)], limit)
        case .subscriptions(let event):
            let application = event.reference.application
            guard event.users.count > Self.mostUserSubjects else {
                return fitting(
                    event.users.map { user in
                        var own = frame
                        own.add(.user, user.rawValue)
                        return Publication(subject: subjects.of(.user(application, user)), payload: own.bytes)
                    },
                    limit
                )
            }
            for user in event.users { frame.add(.user, user.rawValue) }
            return fitting([Publication(subject: subjects.all, payload: frame.bytes)], limit)
        case .sessions(let sessions):
            let subject = subjects.of(.user(sessions.round.application, sessions.round.user))
            return fitting([Publication(subject: subject, payload: frame.bytes)], limit)
        }
    }

    private func fitting(_ publications: [Publication], _ limit: Int) -> [Publication]? {
        publications.allSatisfy { $0.payload.count <= limit } ? publications : nil
    }

    /// Tells every node that something may have been lost.
    var gap: Publication {
        Publication(subject: subjects.all, payload: Frame(.gap, from: node).bytes)
    }
}

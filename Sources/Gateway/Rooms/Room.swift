package import ChatProtocol
package import EventBus

/// How far a channel has been delivered on this node, and what was heard out of turn: decides, does nothing.
///
/// Events go out in the order of their numbers. One that comes too early waits until the storage has been read.
package struct Room: Sendable {
    /// What to do with an event that was heard.
    package enum Hearing: Equatable {
        /// It was delivered before.
        case known
        /// It is the next one: deliver it.
        case next
        /// It waits for a reading that is under way.
        case waits
        /// Something is missing before it: read.
        case read
    }

    /// What follows a reading.
    package struct Reading {
        /// To be delivered now, in order.
        package let events: [TimelineEvent]
        /// Whether there is still something missing: read again.
        package let goesOn: Bool
    }

    /// The most events that are kept while the storage is read; of more, what the storage has is delivered.
    package static let mostAhead = 256

    /// The most online-only messages that are remembered, and the most bytes of them.
    package static let mostUnstored = 16
    package static let mostUnstoredBytes = 65_536

    package private(set) var position: ChannelPosition
    private(set) var isReading: Bool
    /// Heard before their turn, by their number: an online-only message is nowhere else.
    private var ahead: [Int64: TimelineEvent] = [:]
    /// The newest messages that the storage does not have, for sessions whose events wait just then.
    package private(set) var unstored: [TimelineEvent] = []
    /// How many of them, of the oldest, were there when ``forgetUnstored()`` was called last.
    private var unstoredThen = 0
    /// The greatest number that is known to be taken.
    private var furthest: Int64

    /// A room whose members have seen everything up to a position; it begins with a look at where the channel stands.
    package init(at position: ChannelPosition) {
        self.position = position
        furthest = position.eventSeq
        isReading = true
    }

    package mutating func hear(_ event: TimelineEvent) -> Hearing {
        let number = event.position.eventSeq
        guard number > position.eventSeq else { return .known }
        if !isReading, number == position.eventSeq + 1 {
            advance(to: event)
            return .next
        }
        if ahead.count < Self.mostAhead { ahead[number] = event }
        return learn(of: number)
    }

    /// The event after one that was delivered, if it was heard before its turn.
    package mutating func takeNextHeard() -> TimelineEvent? {
        guard !isReading, let next = ahead.removeValue(forKey: position.eventSeq + 1) else { return nil }
        advance(to: next)
        return next
    }

    /// The storage says that numbers up to this one are taken.
    package mutating func learn(of number: Int64) -> Hearing {
        guard number > position.eventSeq else { return .known }
        furthest = max(furthest, number)
        guard !isReading else { return .waits }
        isReading = true
        return .read
    }

    /// Takes what the first look at the storage found: how far the channel has come; nil when the look failed.
    package mutating func begin(_ head: Int64?) -> Reading {
        furthest = max(furthest, head ?? 0)
        let events = takeWhatFollows()
        // Without an answer it is left to the next comparison with the storage.
        isReading = head != nil && furthest > position.eventSeq
        return Reading(events: events, goesOn: isReading)
    }

    /// Takes what was read after ``position``; empty when the reading failed.
    package mutating func finishReading(_ read: [TimelineEvent]) -> Reading {
        var events: [TimelineEvent] = []
        for event in read where event.position.eventSeq == position.eventSeq + 1 {
            // What was heard is more than what is stored.
            let next = ahead[event.position.eventSeq] ?? event
            advance(to: next)
            events.append(next)
        }
        events += takeWhatFollows()
        // Without progress it is left to the next comparison with the storage.
        isReading = furthest > position.eventSeq && !events.isEmpty
        return Reading(events: events, goesOn: isReading)
    }

    /// What was heard and comes next now, up to the first gap.
    private mutating func takeWhatFollows() -> [TimelineEvent] {
        var events: [TimelineEvent] = []
        while let next = ahead[position.eventSeq + 1] {
            advance(to: next)
            events.append(next)
        }
        ahead = ahead.filter { $0.key > position.eventSeq }
        return events
    }

    private mutating func advance(to event: TimelineEvent) {
        position = ChannelPosition(
            messageSeq: max(position.messageSeq, event.position.messageSeq),
            eventSeq: event.position.eventSeq
        )
        furthest = max(furthest, position.eventSeq)
        remember(event)
    }

    /// Forgets those of the remembered messages that were so when this was called last.
    ///
    /// - Returns: what was forgotten.
    mutating func forgetUnstored() -> [TimelineEvent] {
        let forgotten = Array(unstored.prefix(unstoredThen))
        unstored.removeFirst(unstoredThen)
        unstoredThen = unstored.count
        return forgotten
    }

    private mutating func remember(_ event: TimelineEvent) {
        guard let notification = event.notification, !notification.isStored else { return }
        unstored.append(event)
        var bytes = unstored.reduce(0) { $0 + ($1.notification?.parameters.count ?? 0) }
        while unstored.count > Self.mostUnstored || bytes > Self.mostUnstoredBytes, let oldest = unstored.first {
            bytes -= oldest.notification?.parameters.count ?? 0
            unstored.removeFirst()
            unstoredThen = max(0, unstoredThen - 1)
        }
    }
}

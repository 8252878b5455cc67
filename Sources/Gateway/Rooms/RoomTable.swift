package import ChatProtocol
package import EventBus

/// The rooms of a node and the event loops that have members of them: decides, does nothing.
///
/// All of it is of one term, which begins when the storage turns out to be of another lineage. The two are kept
/// together, so that nothing is judged by a lineage and done in the term of another.
package struct RoomTable<Loop: AnyObject & Sendable>: Sendable {
    /// What is to be done now in a room.
    package struct Step: Sendable {
        /// In which it was decided.
        package let term: Int
        /// To be delivered to each of ``loops``, in order.
        package let events: [TimelineEvent]
        package let loops: [Loop]
        /// After which the storage is to be read; nil when nothing is missing.
        package let start: ChannelPosition?
    }

    private struct Entry {
        var room: Room
        /// The event loops that have members, and how many.
        var loops: [(loop: Loop, members: Int)] = []
        /// Whether everybody was told that the channel is gone.
        var hasEnded = false

        /// Counts members of a loop in or out.
        mutating func count(_ difference: Int, _ loop: Loop) {
            guard let index = loops.firstIndex(where: { $0.loop === loop }) else {
                if difference > 0 { loops.append((loop, difference)) }
                return
            }
            loops[index].members += difference
            if loops[index].members <= 0 { loops.remove(at: index) }
        }

        mutating func take(_ reading: (inout Room) -> Room.Reading) -> Room.Reading { reading(&room) }
    }

    package private(set) var term = 0
    /// The storage's in this term; 0 for one that has none, and before the first is found.
    package private(set) var lineage: Int64 = 0
    private var entries: [ChannelReference: Entry] = [:]
    /// The rooms that may remember messages that the storage does not have.
    private var remembering: Set<ChannelReference> = []

    package init() {}

    // MARK: Terms

    /// Takes the lineage that the storage has when none was found so far: the first one is no change.
    package mutating func begin(in lineage: @autoclosure () -> Int64) {
        if self.lineage == 0 { self.lineage = lineage() }
    }

    /// Begins another term, in which nobody is in any room.
    ///
    /// - Returns: the channels that were followed.
    package mutating func reset(to lineage: Int64) -> [ChannelReference] {
        defer { (term, self.lineage, entries, remembering) = (term + 1, lineage, [:], []) }
        return references
    }

    /// The term to which something that was heard belongs; nil when it is not this one.
    ///
    /// It is then a late word of an earlier history, or of a later one that this node has not found yet. What does not
    /// say of which it is, is believed to be of this one.
    package func term(of lineage: Int64) -> Int? { lineage == 0 || lineage == self.lineage ? term : nil }

    // MARK: Events

    package mutating func hear(_ event: TimelineEvent) -> Step? {
        let reference = event.reference
        guard term(of: event.lineage) != nil else { return nil }
        switch entries[reference]?.room.hear(event) {
        case nil, .known?, .waits?: return nil
        case .read?: return step(in: reference, reads: true)
        case .next?:
            var events = [event]
            while let heard = entries[reference]?.room.takeNextHeard() { events.append(heard) }
            return step(in: reference, delivering: events)
        }
    }

    /// Hears that a channel has come so far.
    package mutating func hear(of reference: ChannelReference, at head: ChannelPosition, _ lineage: Int64) -> Step? {
        term(of: lineage).flatMap { learn(of: head, in: reference, $0) }
    }

    /// The storage says that a channel has come so far.
    package mutating func learn(of head: ChannelPosition, in reference: ChannelReference, _ term: Int) -> Step? {
        guard self.term == term, entries[reference]?.room.learn(of: head.eventSeq) == .read else { return nil }
        return step(in: reference, reads: true)
    }

    /// Takes what was read of a channel.
    package mutating func take(
        _ reading: (inout Room) -> Room.Reading,
        in reference: ChannelReference,
        _ term: Int
    ) -> Step? {
        guard self.term == term, let reading = entries[reference]?.take(reading) else { return nil }
        return step(in: reference, delivering: reading.events, reads: reading.goesOn)
    }

    /// The channel is gone, and nobody said so in time: everybody is told, once, with what was heard before its turn.
    ///
    /// - Parameter now: in milliseconds since 1970.
    package mutating func end(
        _ reference: ChannelReference,
        _ term: Int,
        epoch: ChannelEpoch,
        at now: Int64
    ) -> Step? {
        guard self.term == term, entries[reference]?.hasEnded == false else { return nil }
        var events = entries[reference]?.room.finishReading([]).events ?? []
        if events.last?.notification?.kind != .deleted, let last = entries[reference]?.room.position {
            let position = ChannelPosition(messageSeq: last.messageSeq, eventSeq: last.eventSeq + 1)
            let deleted = ChannelNotification.deleted(reference.channel, epoch, eventSeq: position.eventSeq)
            events.append(TimelineEvent(reference, position, deleted, committedAt: now, lineage: lineage))
        }
        return step(in: reference, delivering: events)
    }

    private mutating func step(
        in reference: ChannelReference,
        delivering events: [TimelineEvent] = [],
        reads: Bool = false
    ) -> Step? {
        if events.last?.notification?.kind == .deleted { entries[reference]?.hasEnded = true }
        if events.contains(where: { $0.notification?.isStored == false }) { remembering.insert(reference) }
        guard let entry = entries[reference], reads || !events.isEmpty else { return nil }
        return Step(
            term: term,
            events: events,
            loops: entry.loops.map(\.loop),
            start: reads ? entry.room.position : nil
        )
    }

    // MARK: Members

    /// Counts a member of a loop into each of some rooms.
    ///
    /// - Parameters:
    ///   - wanted: the channels, and up to where the member has seen each.
    ///   - term: in which that was read.
    /// - Returns: how far each room had come, and which of them are new; nil when the term is over.
    package mutating func join(
        _ wanted: [(ChannelReference, ChannelPosition)],
        _ loop: Loop,
        in term: Int
    ) -> (positions: [ChannelPosition], new: [ChannelReference])? {
        guard self.term == term else { return nil }
        var new: [ChannelReference] = []
        let positions = wanted.map { reference, position in
            if entries[reference] == nil {
                entries[reference] = Entry(room: Room(at: position))
                new.append(reference)
            }
            entries[reference]?.count(1, loop)
            // Whoever comes after the end is told of it, too.
            entries[reference]?.hasEnded = false
            return entries[reference]?.room.position ?? position
        }
        return (positions, new)
    }

    /// Counts a member of a loop out of each of some rooms.
    ///
    /// - Parameter term: in which it joined them.
    /// - Returns: the channels that nobody follows any more.
    package mutating func leave(_ references: [ChannelReference], _ loop: Loop, in term: Int) -> [ChannelReference] {
        guard self.term == term else { return [] }
        return references.filter { reference in
            entries[reference]?.count(-1, loop)
            guard entries[reference]?.loops.isEmpty == true else { return false }
            entries[reference] = nil
            return true
        }
    }

    /// Every channel that is followed.
    package var references: [ChannelReference] { Array(entries.keys) }

    package func isFollowed(_ reference: ChannelReference) -> Bool { entries[reference] != nil }

    /// How far a room of a term has come; nil when nobody is in it.
    package func position(of reference: ChannelReference, in term: Int) -> ChannelPosition? {
        self.term == term ? entries[reference]?.room.position : nil
    }

    /// Messages that the storage does not have, as far as they are remembered, and how far the room has come.
    package func unstored(
        of reference: ChannelReference,
        after number: Int64,
        in term: Int
    ) -> (events: [TimelineEvent], upTo: Int64) {
        guard self.term == term, let room = entries[reference]?.room else { return ([], 0) }
        return (room.unstored.filter { $0.position.eventSeq > number }, room.position.eventSeq)
    }

    /// The rooms that may remember messages that the storage does not have; each is to be told to forget them.
    package mutating func takeRemembering() -> Set<ChannelReference> {
        let taken = remembering
        remembering = []
        return taken
    }

    /// Forgets the messages that the storage does not have and that were remembered when this was called last.
    ///
    /// Nobody needs them that long but a session that takes as long to catch up, and there may be as many rooms as
    /// channels.
    ///
    /// - Parameter term: in which the rooms were taken.
    /// - Returns: what was forgotten.
    package mutating func forgetUnstored(
        in references: some Sequence<ChannelReference>,
        _ term: Int
    ) -> [TimelineEvent] {
        guard self.term == term else { return [] }
        return references.flatMap { reference in
            let forgotten = entries[reference]?.room.forgetUnstored() ?? []
            if entries[reference]?.room.unstored.isEmpty == false { remembering.insert(reference) }
            return forgotten
        }
    }
}

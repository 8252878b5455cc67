import Chat
import ChatProtocol
import EventBus
import NIOCore
import Synchronization

/// The rooms of this node: every channel that a live session follows.
///
/// Takes a channel's events in any order and hands them to the event loops of its members in the right one.
///
/// What it knows of channels holds for one term: from when the storage turns out to be of another lineage the numbers
/// mean something else. All rooms are let go then, and who was in them belongs to a term that is over; see ``reset()``.
final class Rooms: Sendable {
    private struct Entry {
        var room: Room
        /// The event loops that have members, and how many.
        var hubs: [(hub: LoopHub, members: Int)] = []

        /// Counts members of a loop in or out.
        mutating func count(_ difference: Int, _ hub: LoopHub) {
            guard let index = hubs.firstIndex(where: { $0.hub === hub }) else {
                if difference > 0 { hubs.append((hub, difference)) }
                return
            }
            hubs[index].members += difference
            if hubs[index].members <= 0 { hubs.remove(at: index) }
        }
    }

    private struct State {
        var entries: [ChannelReference: Entry] = [:]
        var term = 0
    }

    private let state = Mutex(State())
    private let reader: EventReader
    private let bus: any EventBus
    private let lineage: @Sendable () -> Int64

    /// - Parameter lineage: the storage's, which is another one only when ``reset()`` was called.
    init(reader: EventReader, bus: any EventBus, lineage: @escaping @Sendable () -> Int64) {
        (self.reader, self.bus, self.lineage) = (reader, bus, lineage)
    }

    // MARK: Terms

    /// Which term it is; to be asked before what it is to hold for is read.
    var term: Int { state.withLock { $0.term } }

    func isNow(_ term: Int) -> Bool { self.term == term }

    /// Begins another term: nothing more is delivered to anybody who joined before.
    func reset() {
        let left = state.withLock { state in
            defer { state = State(term: state.term + 1) }
            return Array(state.entries.keys)
        }
        if !left.isEmpty { bus.unfollow(left.map(\.topic)) }
    }

    /// Whether something that was heard is of the storage's history as it is now; what does not say is believed to be.
    ///
    /// What is not is a late word of an earlier history, or of a later one that this node has not found yet.
    func mayTake(_ lineage: Int64) -> Bool { lineage == 0 || lineage == self.lineage() }

    // MARK: Events

    /// Takes an event that was heard; of a channel that nobody here follows it is nothing.
    func hear(_ event: TimelineEvent) {
        let reference = event.reference
        guard state.withLock({ $0.entries[reference] != nil }) else { return }
        let delivery = Delivery(event)
        let start: (ChannelPosition, Int)? = state.withLock { state in
            // Under the lock, for then the term is that of the lineage.
            guard mayTake(event.lineage) else { return nil }
            switch state.entries[reference]?.room.hear(event) {
            case nil, .known?, .waits?: return nil
            case .read?: return state.entries[reference].map { ($0.room.position, state.term) }
            case .next?:
                // Under the lock, so that every loop gets them in this order.
                Self.deliver(delivery, in: state)
                while let heard = state.entries[reference]?.room.takeNextHeard() {
                    Self.deliver(Delivery(heard), in: state)
                }
                return nil
            }
        }
        if let (position, term) = start { read(reference, position, term) }
    }

    /// Hears that a channel has come so far: what is missing up to there is read.
    func hear(of reference: ChannelReference, at head: ChannelPosition, _ lineage: Int64) {
        read(reference, upTo: head) { _ in mayTake(lineage) }
    }

    /// The storage says where channels stand; one that is not among them is gone.
    ///
    /// - Parameter term: in which it was asked.
    /// - Returns: where those stand of which something was not heard so far.
    func compare(
        _ references: [ChannelReference],
        with heads: [ChannelReference: ChannelPosition],
        in term: Int
    ) -> [ChannelReference: ChannelPosition] {
        for reference in references where heads[reference] == nil { end(reference, term) }
        return heads.filter { reference, head in
            position(of: reference, in: term).map { $0.eventSeq < head.eventSeq } ?? false
        }
    }

    /// Reads what is missing up to where channels stood.
    ///
    /// - Parameter term: in which that was found out.
    func read(upTo heads: [ChannelReference: ChannelPosition], in term: Int) {
        for (reference, head) in heads { read(reference, upTo: head) { $0.term == term } }
    }

    /// - Parameter isValid: whether the head is one of the rooms as they are.
    private func read(
        _ reference: ChannelReference,
        upTo head: ChannelPosition,
        if isValid: (State) -> Bool
    ) {
        let start: (ChannelPosition, Int)? = state.withLock { state in
            guard isValid(state), state.entries[reference]?.room.learn(of: head.eventSeq) == .read else { return nil }
            return state.entries[reference].map { ($0.room.position, state.term) }
        }
        if let (position, term) = start { read(reference, position, term) }
    }

    private func read(_ reference: ChannelReference, _ start: ChannelPosition, _ term: Int) {
        reader.read(reference, after: start) { [self] in
            position(of: reference, in: term) != nil
        } done: { [self] reading in
            switch reading {
            case .gone: end(reference, term)
            case .failed: go(on: reference, term) { $0.finishReading([]) }
            case .events(let events): go(on: reference, term) { $0.finishReading(events) }
            }
        }
    }

    /// Takes a reading, delivers what it came to, and reads again when something is missing.
    private func go(on reference: ChannelReference, _ term: Int, taking: (inout Room) -> Room.Reading) {
        let start: ChannelPosition? = state.withLock { state in
            guard state.term == term, var room = state.entries[reference]?.room else { return nil }
            let reading = taking(&room)
            state.entries[reference]?.room = room
            for event in reading.events { Self.deliver(Delivery(event), in: state) }
            return reading.goesOn ? room.position : nil
        }
        if let start { read(reference, start, term) }
    }

    /// The channel is gone, and nobody said so in time.
    func end(_ reference: ChannelReference, _ term: Int) {
        let epoch = reader.generation.epoch(of: reference.incarnation)
        let now = reader.clock.now.milliseconds
        state.withLock { state in
            guard state.term == term else { return }
            // What was heard before its turn comes first, and the end with it when that was heard.
            let heard = state.entries[reference]?.room.finishReading([]).events ?? []
            guard let entry = state.entries[reference] else { return }
            for event in heard { Self.deliver(Delivery(event), in: state) }
            guard heard.last?.notification?.kind != .deleted else { return }
            let position = ChannelPosition(
                messageSeq: entry.room.position.messageSeq,
                eventSeq: entry.room.position.eventSeq + 1
            )
            let deleted = ChannelNotification.deleted(reference.channel, epoch, eventSeq: position.eventSeq)
            let event = TimelineEvent(reference, position, deleted, committedAt: now, lineage: lineage())
            Self.deliver(Delivery(event), in: state)
        }
    }

    // MARK: Members

    /// Adds a member to each of some rooms; call on the hub's event loop.
    ///
    /// From now on the loop gets what comes after the positions that are returned. A room that is new first waits until
    /// other nodes' events come here, then reads what has come before them; what is heard meanwhile waits in it.
    ///
    /// - Parameters:
    ///   - wanted: the channels, and up to where the member has seen each.
    ///   - term: in which that was read.
    /// - Returns: how far each room had come; nil when the term is over.
    func join(_ wanted: [(ChannelReference, ChannelPosition)], _ hub: LoopHub, in term: Int) -> [ChannelPosition]? {
        var new: [ChannelReference] = []
        let positions: [ChannelPosition]? = state.withLock { state in
            guard state.term == term else { return nil }
            return wanted.map { reference, position in
                if state.entries[reference] == nil {
                    state.entries[reference] = Entry(room: Room(at: position))
                    new.append(reference)
                }
                state.entries[reference]?.count(1, hub)
                return state.entries[reference]?.room.position ?? position
            }
        }
        if !new.isEmpty { bus.follow(new.map(\.topic)) { [self, new] in begin(new, term) } }
        return positions
    }

    /// Looks once where new rooms stand, and reads those that have moved since their first member was read.
    private func begin(_ references: [ChannelReference], _ term: Int) {
        reader.heads(of: references) { [self] heads in
            for reference in references {
                guard let heads else {
                    go(on: reference, term) { $0.begin(nil) }
                    continue
                }
                guard let head = heads[reference] else {
                    end(reference, term)
                    continue
                }
                go(on: reference, term) { $0.begin(head.eventSeq) }
            }
        }
    }

    /// Takes a member out of each of some rooms; call on the hub's event loop.
    ///
    /// - Parameter term: in which it joined them.
    func leave(_ references: [ChannelReference], _ hub: LoopHub, in term: Int) {
        let left = state.withLock { state in
            guard state.term == term else { return [] as [ChannelReference] }
            return references.filter { reference in
                state.entries[reference]?.count(-1, hub)
                guard state.entries[reference]?.hubs.isEmpty == true else { return false }
                state.entries[reference] = nil
                return true
            }
        }
        if !left.isEmpty { bus.unfollow(left.map(\.topic)) }
    }

    /// How far a room of a term has come; nil when nobody is in it.
    func position(of reference: ChannelReference, in term: Int) -> ChannelPosition? {
        state.withLock { $0.term == term ? $0.entries[reference]?.room.position : nil }
    }

    /// Messages that the storage does not have, as far as they are remembered, and how far the room has come.
    func unstored(
        of reference: ChannelReference,
        after number: Int64,
        in term: Int
    ) -> (events: [TimelineEvent], upTo: Int64) {
        state.withLock { state in
            guard state.term == term, let room = state.entries[reference]?.room else { return ([], 0) }
            return (room.unstored.filter { $0.position.eventSeq > number }, room.position.eventSeq)
        }
    }

    /// Every channel that is followed, and in which term.
    var followed: (references: [ChannelReference], term: Int) {
        state.withLock { (Array($0.entries.keys), $0.term) }
    }

    private static func deliver(_ delivery: Delivery, in state: State) {
        let term = state.term
        for (hub, _) in state.entries[delivery.reference]?.hubs ?? [] {
            hub.eventLoop.execute { hub.deliver(delivery, in: term) }
        }
    }
}

extension ChannelReference {
    /// Under which the bus brings its events; the same for every incarnation.
    fileprivate var topic: Topic { .channel(application, channel) }
}

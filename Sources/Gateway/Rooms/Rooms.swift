import Chat
import ChatProtocol
import EventBus
import NIOCore
import Synchronization

/// The rooms of this node: every channel that a live session follows.
///
/// Takes a channel's events in any order and hands them to the event loops of its members in the right one.
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

    private let entries = Mutex<[ChannelReference: Entry]>([:])
    private let reader: EventReader
    private let bus: any EventBus

    init(reader: EventReader, bus: any EventBus) {
        (self.reader, self.bus) = (reader, bus)
    }

    /// Takes an event that was heard; of a channel that nobody here follows it is nothing.
    func hear(_ event: TimelineEvent) {
        let reference = event.reference
        guard position(of: reference) != nil else { return }
        let delivery = Delivery(event)
        let start: ChannelPosition? = entries.withLock { entries in
            switch entries[reference]?.room.hear(event) {
            case nil, .known?, .waits?: return nil
            case .read?: return entries[reference]?.room.position
            case .next?:
                // Under the lock, so that every loop gets them in this order.
                Self.deliver(delivery, entries[reference]?.hubs ?? [])
                while let heard = entries[reference]?.room.takeNextHeard() {
                    Self.deliver(Delivery(heard), entries[reference]?.hubs ?? [])
                }
                return nil
            }
        }
        if let start { read(reference, start) }
    }

    /// The storage says where channels stand; one that is not among them is gone.
    func compare(_ references: [ChannelReference], with heads: [ChannelReference: ChannelPosition]) {
        for reference in references {
            if let head = heads[reference] {
                learn(reference, head)
            } else {
                end(reference)
            }
        }
    }

    /// A channel has come so far: what is missing up to there is read.
    func learn(_ reference: ChannelReference, _ head: ChannelPosition) {
        let start: ChannelPosition? = entries.withLock { entries in
            guard entries[reference]?.room.learn(of: head.eventSeq) == .read else { return nil }
            return entries[reference]?.room.position
        }
        if let start { read(reference, start) }
    }

    private func read(_ reference: ChannelReference, _ start: ChannelPosition) {
        reader.read(reference, after: start) { [self] in
            position(of: reference) != nil
        } done: { [self] reading in
            switch reading {
            case .gone: end(reference)
            case .failed: go(on: reference) { $0.finishReading([]) }
            case .events(let events): go(on: reference) { $0.finishReading(events) }
            }
        }
    }

    /// Takes a reading, delivers what it came to, and reads again when something is missing.
    private func go(on reference: ChannelReference, taking: (inout Room) -> Room.Reading) {
        let start: ChannelPosition? = entries.withLock { entries in
            guard var room = entries[reference]?.room else { return nil }
            let reading = taking(&room)
            entries[reference]?.room = room
            for event in reading.events { Self.deliver(Delivery(event), entries[reference]?.hubs ?? []) }
            return reading.goesOn ? room.position : nil
        }
        if let start { read(reference, start) }
    }

    /// The channel is gone, and nobody said so in time.
    private func end(_ reference: ChannelReference) {
        let epoch = reader.generation.epoch(of: reference.incarnation)
        let now = reader.clock.now.milliseconds
        entries.withLock { entries in
            // What was heard before its turn comes first, and the end with it when that was heard.
            let heard = entries[reference]?.room.finishReading([]).events ?? []
            guard let entry = entries[reference] else { return }
            for event in heard { Self.deliver(Delivery(event), entry.hubs) }
            guard heard.last?.notification?.kind != .deleted else { return }
            let position = ChannelPosition(
                messageSeq: entry.room.position.messageSeq,
                eventSeq: entry.room.position.eventSeq + 1
            )
            let deleted = ChannelNotification.deleted(reference.channel, epoch, eventSeq: position.eventSeq)
            Self.deliver(Delivery(TimelineEvent(reference, position, deleted, committedAt: now)), entry.hubs)
        }
    }

    /// Adds a member to each of some rooms; call on the hub's event loop.
    ///
    /// From now on the loop gets what comes after the positions that are returned. A room that is new first waits until
    /// other nodes' events come here, then reads what has come before them; what is heard meanwhile waits in it.
    ///
    /// - Parameter wanted: the channels, and up to where the member has seen each.
    /// - Returns: how far each room had come.
    func join(_ wanted: [(ChannelReference, ChannelPosition)], _ hub: LoopHub) -> [ChannelPosition] {
        var new: [ChannelReference] = []
        let positions = entries.withLock { entries in
            wanted.map { reference, position in
                if entries[reference] == nil {
                    entries[reference] = Entry(room: Room(at: position))
                    new.append(reference)
                }
                entries[reference]?.count(1, hub)
                return entries[reference]?.room.position ?? position
            }
        }
        if !new.isEmpty { bus.follow(new.map(\.topic)) { [self, new] in begin(new) } }
        return positions
    }

    /// Looks once where new rooms stand, and reads those that have moved since their first member was read.
    private func begin(_ references: [ChannelReference]) {
        reader.heads(of: references) { [self] heads in
            for reference in references {
                guard let heads else {
                    go(on: reference) { $0.begin(nil) }
                    continue
                }
                guard let head = heads[reference] else {
                    end(reference)
                    continue
                }
                go(on: reference) { $0.begin(head.eventSeq) }
            }
        }
    }

    /// Takes a member out of each of some rooms; call on the hub's event loop.
    func leave(_ references: [ChannelReference], _ hub: LoopHub) {
        let left = entries.withLock { entries in
            references.filter { reference in
                entries[reference]?.count(-1, hub)
                guard entries[reference]?.hubs.isEmpty == true else { return false }
                entries[reference] = nil
                return true
            }
        }
        if !left.isEmpty { bus.unfollow(left.map(\.topic)) }
    }

    /// How far a room has come; nil when nobody is in it.
    func position(of reference: ChannelReference) -> ChannelPosition? {
        entries.withLock { $0[reference]?.room.position }
    }

    /// Messages that the storage does not have, as far as they are remembered, and how far the room has come.
    func unstored(of reference: ChannelReference, after number: Int64) -> (events: [TimelineEvent], upTo: Int64) {
        entries.withLock { entries in
            guard let room = entries[reference]?.room else { return ([], 0) }
            return (room.unstored.filter { $0.position.eventSeq > number }, room.position.eventSeq)
        }
    }

    /// Every channel that is followed.
    var references: [ChannelReference] {
        entries.withLock { Array($0.keys) }
    }

    private static func deliver(_ delivery: Delivery, _ hubs: [(hub: LoopHub, members: Int)]) {
        for (hub, _) in hubs { hub.eventLoop.execute { hub.deliver(delivery) } }
    }
}

extension ChannelReference {
    /// Under which the bus brings its events; the same for every incarnation.
    fileprivate var topic: Topic { .channel(application, channel) }
}

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
/// mean something else. All rooms are let go then, and who was in them belongs to a term that is over; see
/// ``reset(to:)``.
final class Rooms: Sendable {
    private typealias Step = RoomTable<LoopHub>.Step

    private let table = Mutex(RoomTable<LoopHub>())
    private let reader: EventReader
    private let bus: any EventBus
    private let lineage: @Sendable () -> Int64

    /// - Parameter lineage: the storage's; asked until there is one, for of a change ``reset(to:)`` tells.
    init(reader: EventReader, bus: any EventBus, lineage: @escaping @Sendable () -> Int64) {
        (self.reader, self.bus, self.lineage) = (reader, bus, lineage)
    }

    private func use<Value: Sendable>(_ body: (inout RoomTable<LoopHub>) -> Value) -> Value {
        table.withLock { table in
            table.begin(in: lineage())
            return body(&table)
        }
    }

    // MARK: Terms

    /// Which term it is; to be asked before what it is to hold for is read.
    var term: Int { use { $0.term } }

    func isNow(_ term: Int) -> Bool { self.term == term }

    /// Begins another term: nothing more is delivered to anybody who joined before.
    ///
    /// - Parameter lineage: of the storage, from now on.
    func reset(to lineage: Int64) {
        let left = use { $0.reset(to: lineage) }
        if !left.isEmpty { bus.unfollow(left.map(\.topic)) }
    }

    /// The term to which something that was heard belongs; nil when it is not this one.
    ///
    /// - Parameter lineage: that what was heard is of.
    func term(of lineage: Int64) -> Int? { use { $0.term(of: lineage) } }

    // MARK: Events

    /// Takes an event that was heard; of a channel that nobody here follows it is nothing.
    func hear(_ event: TimelineEvent) {
        guard use({ $0.isFollowed(event.reference) }) else { return }
        // Encoded before the lock is taken.
        proceed(in: event.reference, first: Delivery(event)) { $0.hear(event) }
    }

    /// Hears that a channel has come so far: what is missing up to there is read.
    func hear(of reference: ChannelReference, at head: ChannelPosition, _ lineage: Int64) {
        proceed(in: reference) { $0.hear(of: reference, at: head, lineage) }
    }

    /// What the storage has and was not heard so far.
    struct Missing: Sendable {
        /// Where channels stand of which something was not heard.
        let heads: [ChannelReference: ChannelPosition]
        /// Channels of whose end nothing was heard.
        let gone: [ChannelReference]

        var isEmpty: Bool { heads.isEmpty && gone.isEmpty }
    }

    /// The storage says where channels stand; one that is not among them is gone.
    ///
    /// - Parameter term: in which it was asked.
    func compare(
        _ references: [ChannelReference],
        with heads: [ChannelReference: ChannelPosition],
        in term: Int
    ) -> Missing {
        let behind = heads.filter { reference, head in
            position(of: reference, in: term).map { $0.eventSeq < head.eventSeq } ?? false
        }
        return Missing(heads: behind, gone: references.filter { heads[$0] == nil })
    }

    /// Reads what is missing still, and ends what is gone.
    ///
    /// - Parameter term: in which that was found out.
    func makeGood(_ missing: Missing, in term: Int) {
        for (reference, head) in missing.heads { proceed(in: reference) { $0.learn(of: head, in: reference, term) } }
        for reference in missing.gone { end(reference, term) }
    }

    /// The channel is gone, and nobody said so in time.
    func end(_ reference: ChannelReference, _ term: Int) {
        let epoch = reader.generation.epoch(of: reference.incarnation)
        let now = reader.clock.now.milliseconds
        proceed(in: reference) { $0.end(reference, term, epoch: epoch, at: now) }
    }

    /// Delivers what is to be delivered, and reads when something is missing.
    ///
    /// - Parameter first: the first of what may be to be delivered.
    private func proceed(
        in reference: ChannelReference,
        first: Delivery? = nil,
        _ decide: (inout RoomTable<LoopHub>) -> Step?
    ) {
        let step = use { table in
            let step = decide(&table)
            // Under the lock, so that every loop gets them in this order.
            if let step { Self.deliver(step, first: first) }
            return step
        }
        if let step, let start = step.start { read(reference, start, step.term) }
    }

    private static func deliver(_ step: Step, first: Delivery?) {
        for (index, event) in step.events.enumerated() {
            let delivery = (index == 0 ? first : nil) ?? Delivery(event)
            for hub in step.loops { hub.eventLoop.execute { hub.deliver(delivery, in: step.term) } }
        }
    }

    private func read(_ reference: ChannelReference, _ start: ChannelPosition, _ term: Int) {
        reader.read(reference, after: start) { [self] in
            position(of: reference, in: term) != nil
        } done: { [self] reading in
            switch reading {
            case .gone: end(reference, term)
            case .failed: take({ $0.finishReading([]) }, in: reference, term)
            case .events(let events): take({ $0.finishReading(events) }, in: reference, term)
            }
        }
    }

    private func take(_ reading: (inout Room) -> Room.Reading, in reference: ChannelReference, _ term: Int) {
        proceed(in: reference) { $0.take(reading, in: reference, term) }
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
        guard let (positions, new) = use({ $0.join(wanted, hub, in: term) }) else { return nil }
        if !new.isEmpty { bus.follow(new.map(\.topic)) { [self] in begin(new, term) } }
        return positions
    }

    /// Looks once where new rooms stand, and reads those that have moved since their first member was read.
    private func begin(_ references: [ChannelReference], _ term: Int) {
        reader.heads(of: references) { [self] heads in
            for reference in references {
                if let heads, heads[reference] == nil {
                    end(reference, term)
                } else {
                    take({ $0.begin(heads?[reference]?.eventSeq) }, in: reference, term)
                }
            }
        }
    }

    /// Takes a member out of each of some rooms; call on the hub's event loop.
    ///
    /// - Parameter term: in which it joined them.
    func leave(_ references: [ChannelReference], _ hub: LoopHub, in term: Int) {
        let left = use { $0.leave(references, hub, in: term) }
        if !left.isEmpty { bus.unfollow(left.map(\.topic)) }
    }

    /// How far a room of a term has come; nil when nobody is in it.
    func position(of reference: ChannelReference, in term: Int) -> ChannelPosition? {
        use { $0.position(of: reference, in: term) }
    }

    /// Messages that the storage does not have, as far as they are remembered, and how far the room has come.
    func unstored(
        of reference: ChannelReference,
        after number: Int64,
        in term: Int
    ) -> (events: [TimelineEvent], upTo: Int64) {
        use { $0.unstored(of: reference, after: number, in: term) }
    }

    /// Forgets the messages that the storage does not have and that were remembered when this was called last.
    ///
    /// A part of the rooms at a time, and without the lock when it comes to giving back memory: every delivery needs it.
    func forgetUnstored() {
        let (references, term) = use { ($0.takeRemembering(), $0.term) }
        var rest = Array(references)[...]
        while !rest.isEmpty {
            let part = rest.prefix(256)
            rest = rest.dropFirst(part.count)
            _ = use { $0.forgetUnstored(in: part, term) }
        }
    }

    /// Every channel that is followed, and in which term.
    var followed: (references: [ChannelReference], term: Int) { use { ($0.references, $0.term) } }
}

extension ChannelReference {
    /// Under which the bus brings its events; the same for every incarnation.
    fileprivate var topic: Topic { .channel(application, channel) }
}

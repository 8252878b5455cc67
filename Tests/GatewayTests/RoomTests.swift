import ChatProtocol
import EventBus
import Gateway
import RostrumTesting
import Testing

/// What is delivered when, whatever the order in which it is heard.
@Suite struct RoomTests {
    private func event(_ number: Int64, isOnlineOnly: Bool = false) -> TimelineEvent {
        let key = MessageKey(seq: number, seconds: 1)
        let epoch = ChannelEpoch(generation: "7e57", incarnation: 1)
        return TimelineEvent(
            ChannelReference(application: .example, channel: .news, incarnation: 1),
            ChannelPosition(messageSeq: number, eventSeq: number),
            .message(
                in: .news,
                epoch,
                key,
                eventSeq: number,
                elements: [],
                cloudCustomData: isOnlineOnly ? "heard" : nil,
                isOnlineOnly: isOnlineOnly
            ),
            committedAt: 1,
            lineage: 0
        )
    }

    /// A room that has read up to a number.
    private func room(at number: Int64) -> Room {
        var room = Room(at: ChannelPosition(messageSeq: number, eventSeq: number))
        _ = room.finishReading([])
        return room
    }

    @Test("the next event is delivered at once, an earlier one never again")
    func next() {
        var room = room(at: 4)

        #expect(room.hear(event(5)) == .next)
        #expect(room.hear(event(5)) == .known)
        #expect(room.hear(event(3)) == .known)
        #expect(room.position == ChannelPosition(messageSeq: 5, eventSeq: 5))
    }

    @Test("an event too early waits until the missing ones are read")
    func jump() {
        var room = room(at: 4)

        #expect(room.hear(event(7)) == .read)
        #expect(room.hear(event(8)) == .waits)
        let reading = room.finishReading([event(5), event(6)])

        #expect(reading.events.map(\.position.eventSeq) == [5, 6, 7, 8])
        #expect(!reading.goesOn)
        #expect(room.hear(event(9)) == .next)
    }

    @Test("a new room begins with a reading and delivers what came meanwhile")
    func opening() {
        var room = Room(at: ChannelPosition(messageSeq: 2, eventSeq: 2))

        #expect(room.hear(event(4)) == .waits)
        let reading = room.finishReading([event(3), event(4)])

        #expect(reading.events.map(\.position.eventSeq) == [3, 4])
    }

    @Test("what was heard is preferred to what is stored: an online-only message is nowhere else")
    func onlineOnly() {
        var room = room(at: 1)
        _ = room.hear(event(3, isOnlineOnly: true))

        let reading = room.finishReading([event(2), event(3)])

        #expect(reading.events.last == event(3, isOnlineOnly: true))
    }

    @Test("a part that was read asks for the rest")
    func parts() {
        var room = room(at: 0)
        #expect(room.learn(of: 3) == .read)

        #expect(room.finishReading([event(1), event(2)]).goesOn)
        #expect(!room.finishReading([event(3)]).goesOn)
    }

    @Test("a reading that failed is not repeated at once, and the next comparison reads again")
    func failure() {
        var room = room(at: 0)
        #expect(room.learn(of: 2) == .read)

        #expect(!room.finishReading([]).goesOn)
        #expect(room.learn(of: 2) == .read)
        #expect(room.finishReading([event(1), event(2)]).events.count == 2)
        #expect(room.learn(of: 2) == .known)
    }

    @Test("what was heard too early and could not be read follows as soon as its turn comes")
    func heardBefore() {
        var room = room(at: 4)
        #expect(room.hear(event(6)) == .read)
        #expect(!room.finishReading([]).goesOn)

        #expect(room.hear(event(5)) == .next)
        #expect(room.takeNextHeard() == event(6))
        #expect(room.takeNextHeard() == nil)
        #expect(room.hear(event(7)) == .next)
    }

    @Test("the newest online-only messages are remembered, and no stored one")
    func unstored() {
        var room = room(at: 0)
        for number in 1...40 { _ = room.hear(event(Int64(number), isOnlineOnly: number.isMultiple(of: 2))) }

        let remembered = room.unstored.map(\.position.eventSeq)

        #expect(remembered == (1...40).filter { $0.isMultiple(of: 2) }.suffix(Room.mostUnstored).map(Int64.init))
    }

    @Test(
        "any order of hearing and reading delivers every number once, in order, and as it was heard",
        arguments: 1...50
    )
    func anyOrder(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let count: Int64 = 400
        var reader = Reader(at: ChannelPosition(messageSeq: 0, eventSeq: 0))
        // Events are lost, doubled, and come up to five places early or late.
        var sent = (1...count).filter { _ in Int.random(in: 0..<10, using: &random) > 0 }
        sent += sent.filter { _ in Int.random(in: 0..<10, using: &random) == 0 }
        let order = sent.map { ($0, $0 + Int64.random(in: -5...5, using: &random)) }.sorted { $0.1 < $1.1 }

        func read(upTo head: Int64) {
            reader.read(upTo: head, failing: Bool.random(using: &random)) { event($0) }
        }
        for (number, _) in order {
            reader.hear(event(number, isOnlineOnly: true))
            if Int.random(in: 0..<4, using: &random) == 0 { read(upTo: min(count, number + 5)) }
        }
        while reader.room.position.eventSeq < count {
            reader.compare(with: count)
            read(upTo: count)
        }

        #expect(reader.delivered.map(\.position.eventSeq) == Array(1...count))
        #expect(reader.wasHeardAndLost.isEmpty)
        #expect(reader.followedByThemselves > 0)
    }

    /// Uses a room as `Rooms` does.
    private struct Reader {
        private(set) var room: Room
        private(set) var delivered: [TimelineEvent] = []
        /// Numbers of events that were heard in time and not delivered as they were heard.
        private(set) var wasHeardAndLost: [Int64] = []
        /// How many events came out after another one that was heard, having been too early.
        private(set) var followedByThemselves = 0
        private var heard: Set<Int64> = []
        private var hasBegun = false
        private var isReading = true

        init(at position: ChannelPosition) {
            room = Room(at: position)
        }

        mutating func hear(_ event: TimelineEvent) {
            heard.insert(event.position.eventSeq)
            switch room.hear(event) {
            case .known, .waits: break
            case .read: isReading = true
            case .next:
                deliver(event)
                while let next = room.takeNextHeard() {
                    followedByThemselves += 1
                    deliver(next)
                }
            }
        }

        mutating func compare(with head: Int64) {
            if room.learn(of: head) == .read { isReading = true }
        }

        /// Reads as long as the room says, in parts of seven; the first time only where the channel stands.
        mutating func read(upTo head: Int64, failing: Bool, _ event: (Int64) -> TimelineEvent) {
            var fails = failing
            while isReading {
                let reading: Room.Reading
                if hasBegun {
                    let start = room.position.eventSeq
                    let end = fails ? start : min(head, start + 7)
                    reading = room.finishReading(start < end ? ((start + 1)...end).map(event) : [])
                } else {
                    reading = room.begin(fails ? nil : head)
                }
                (hasBegun, fails) = (true, false)
                for event in reading.events { deliver(event) }
                isReading = reading.goesOn
            }
        }

        private mutating func deliver(_ event: TimelineEvent) {
            delivered.append(event)
            let number = event.position.eventSeq
            if heard.contains(number), event.notification?.isStored != false { wasHeardAndLost.append(number) }
        }
    }
}

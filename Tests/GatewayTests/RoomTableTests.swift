import ChatProtocol
import EventBus
import Gateway
import RostrumTesting
import Testing

/// What the rooms of a node have to do with each other: their terms, and who is told of an end.
@Suite struct RoomTableTests {
    private final class Loop: Sendable {}

    private let loop = Loop()
    private let reference = ChannelReference(application: .example, channel: .news, incarnation: 1)
    private let epoch = ChannelEpoch(generation: "7e57", incarnation: 1)

    private func position(_ number: Int64) -> ChannelPosition {
        ChannelPosition(messageSeq: number, eventSeq: number)
    }

    private func event(_ number: Int64, of lineage: Int64 = 0) -> TimelineEvent {
        let notification = ChannelNotification(.message, Array("{}".utf8))
        return TimelineEvent(reference, position(number), notification, committedAt: 1, lineage: lineage)
    }

    /// A table in its first term, with a room that has come to the third event and has a member.
    private func table(of lineage: Int64 = 0) -> RoomTable<Loop> {
        var table = RoomTable<Loop>()
        table.begin(in: lineage)
        join(&table, at: 3)
        return table
    }

    private func join(_ table: inout RoomTable<Loop>, _ loop: Loop? = nil, at number: Int64) {
        _ = table.join([(reference, position(number))], loop ?? self.loop, in: table.term)
        _ = table.take({ $0.begin(number) }, in: reference, table.term)
    }

    @Test("an online-only message is remembered until rooms were told to forget twice, in each room where it was heard")
    func memory() {
        var table = table()
        let other = ChannelReference(application: .example, channel: ChannelID("@TOA#_other"), incarnation: 1)
        _ = table.join([(other, position(0))], loop, in: table.term)
        _ = table.take({ $0.begin(0) }, in: other, table.term)
        func hear(_ numbers: ClosedRange<Int64>, in reference: ChannelReference, isStored: Bool = false) {
            let notification = ChannelNotification(.message, Array("{}".utf8), isStored: isStored)
            for number in numbers {
                _ = table.hear(
                    TimelineEvent(reference, position(number), notification, committedAt: 1, lineage: 0)
                )
            }
        }
        func forget() {
            _ = table.forgetUnstored(in: table.takeRemembering(), table.term)
        }
        func remembered(in reference: ChannelReference) -> [Int64] {
            table.unstored(of: reference, after: 0, in: table.term).events.map(\.position.eventSeq)
        }

        hear(4...4, in: reference)
        forget()
        hear(5...5, in: reference)
        hear(6...6, in: reference, isStored: true)
        hear(1...1, in: other)
        #expect(remembered(in: reference) == [4, 5])
        forget()
        #expect(remembered(in: reference) == [5])
        #expect(remembered(in: other) == [1])
        // So many that those of before have gone without being told.
        hear(2...20, in: other)
        forget()
        #expect(remembered(in: reference) == [])
        #expect(remembered(in: other) == Array(5...20))
        forget()
        #expect(remembered(in: other) == [])
    }

    @Test("rooms of an earlier term forget nothing in this one, and what came since they were taken stays")
    func memoryOfTwoTerms() {
        var table = table()
        func hear(_ number: Int64) {
            let notification = ChannelNotification(.message, Array("{}".utf8), isStored: false)
            _ = table.hear(TimelineEvent(reference, position(number), notification, committedAt: 1, lineage: 0))
        }
        /// Whether two tellings with what was taken leave a message where it is.
        func isKept(_ taken: Set<ChannelReference>, _ term: Int) -> Bool {
            _ = table.forgetUnstored(in: taken, term)
            _ = table.forgetUnstored(in: taken, term)
            return !table.unstored(of: reference, after: 0, in: table.term).events.isEmpty
        }
        hear(4)
        let (taken, term) = (table.takeRemembering(), table.term)
        _ = table.reset(to: 1)
        join(&table, at: 3)
        hear(4)
        #expect(isKept(taken, term))

        let takenNow = table.takeRemembering()
        hear(5)
        _ = table.forgetUnstored(in: takenNow, table.term)
        #expect(table.takeRemembering() == [reference])
        _ = table.forgetUnstored(in: [reference], table.term)
        #expect(!isKept([reference], table.term))
    }

    @Test("what is heard belongs to the term when it is of the storage's lineage or does not say", arguments: [0, 2])
    func ownLineage(lineage: Int64) {
        var table = table(of: 2)

        #expect(table.term(of: lineage) == table.term)
        #expect(table.hear(event(4, of: lineage))?.events == [event(4, of: lineage)])
        #expect(table.hear(of: reference, at: position(9), lineage)?.start == position(4))
    }

    @Test("what is heard of another lineage belongs to no term", arguments: [1, 3])
    func otherLineage(lineage: Int64) {
        var table = table(of: 2)

        #expect(table.term(of: lineage) == nil)
        #expect(table.hear(event(4, of: lineage)) == nil)
        #expect(table.hear(of: reference, at: position(9), lineage) == nil)
        #expect(table.position(of: reference, in: table.term) == position(3))
    }

    @Test("the first lineage that is found is no change, and no later one is taken but by a new term")
    func firstLineage() {
        var table = table()
        let term = table.term
        #expect(table.term(of: 7) == nil)

        table.begin(in: 7)
        table.begin(in: 8)

        #expect(table.lineage == 7)
        #expect(table.term == term)
        #expect(table.term(of: 7) == term)
    }

    @Test(
        "with a new lineage begins a new term, in which nobody is in a room and nothing is taken that was read before"
    )
    func reset() {
        var table = table(of: 1)
        let before = table.term

        #expect(table.reset(to: 2) == [reference])

        #expect(table.term != before)
        #expect(table.term(of: 1) == nil)
        #expect(table.term(of: 2) == table.term)
        #expect(table.join([(reference, position(3))], loop, in: before) == nil)
        join(&table, at: 1)
        #expect(table.learn(of: position(5), in: reference, before) == nil)
        #expect(table.take({ $0.finishReading([event(2)]) }, in: reference, before) == nil)
        #expect(table.end(reference, before, epoch: epoch, at: 0) == nil)
        #expect(table.leave([reference], loop, in: before).isEmpty)
        #expect(table.position(of: reference, in: before) == nil)
        #expect(table.position(of: reference, in: table.term) == position(1))
    }

    @Test("each loop that has members is delivered to once, and a room is let go with its last member")
    func loops() {
        var table = table()
        let other = Loop()
        join(&table, at: 3)
        join(&table, other, at: 3)
        let term = table.term

        let step = table.hear(event(4))
        #expect(step?.loops.count == 2)
        #expect(step?.term == term)
        #expect(table.leave([reference], loop, in: term).isEmpty)
        #expect(table.hear(event(5))?.loops.count == 2)
        #expect(table.leave([reference], loop, in: term).isEmpty)
        #expect(table.hear(event(6))?.loops.map { $0 === other } == [true])
        #expect(table.leave([reference], other, in: term) == [reference])
        #expect(table.hear(event(7)) == nil)
        #expect(!table.isFollowed(reference))
    }

    @Test("the end of a channel that nobody said is told once, after what was heard, and to who comes after it again")
    func end() {
        var table = RoomTable<Loop>()
        _ = table.join([(reference, position(3))], loop, in: table.term)
        // Waits for the room's first look at the storage.
        #expect(table.hear(event(4)) == nil)

        let step = table.end(reference, table.term, epoch: epoch, at: 9)

        #expect(step?.events.map(\.position.eventSeq) == [4, 5])
        #expect(step?.events.last?.notification == .deleted(.news, epoch, eventSeq: 5))
        #expect(step?.events.last?.committedAt == 9)
        #expect(table.end(reference, table.term, epoch: epoch, at: 9) == nil)
        join(&table, at: 4)
        #expect(table.end(reference, table.term, epoch: epoch, at: 9)?.events.count == 1)
    }

    @Test("the end that somebody said is not told again")
    func heardEnd() {
        var table = table()
        let deleted = ChannelNotification.deleted(.news, epoch, eventSeq: 4)
        let event = TimelineEvent(reference, position(4), deleted, committedAt: 1, lineage: 0)

        #expect(table.hear(event)?.events == [event])

        #expect(table.end(reference, table.term, epoch: epoch, at: 9) == nil)
    }
}

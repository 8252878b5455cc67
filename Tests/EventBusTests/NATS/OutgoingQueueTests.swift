import ChatProtocol
import EventBus
import EventBusNATS
import RostrumTesting
import Testing

/// What waits for the bus, and what becomes of it when the bus is away.
@Suite struct OutgoingQueueTests {
    private typealias Item = OutgoingQueue.Item

    private let question = Item.event(.sessions(SampleEvents.sessions(newest: 4, isQuestion: true, [(4, 10)])))
    private let answer = Item.event(.sessions(SampleEvents.sessions(newest: nil, isQuestion: false, [(5, 11)])))
    private let message = Item.message(Publication(subject: "nodes", payload: [1]))
    private let gap = Publication(subject: "all", payload: [2])

    private func post(_ number: Int64, size: Int = 10) -> Item { .event(SampleEvents.post(number, size: size)) }

    private func queue(with items: Item...) -> OutgoingQueue {
        var queue = OutgoingQueue()
        for item in items { #expect(queue.add(item, isConnected: true) == .taken) }
        return queue
    }

    @Test("everything that waits is taken at once, in order, with the word of a gap at its end")
    func order() {
        var queue = queue(with: question, post(1), message, post(2))
        #expect(queue.takeAll(gap: gap) == [question, post(1), message, post(2)])
        #expect(queue.takeAll(gap: gap) == [])

        queue.addGap()
        #expect(queue.add(post(3), isConnected: true) == .taken)
        #expect(queue.takeAll(gap: gap) == [post(3), .message(gap)])
        #expect(queue.takeAll(gap: gap) == [])
    }

    @Test("without a connection only what was committed is taken: who has which sessions is another by its return")
    func withoutConnection() {
        var queue = OutgoingQueue()
        for item in [question, answer, message] { #expect(queue.add(item, isConnected: false) == .needless) }
        for event in SampleEvents.general { #expect(queue.add(.event(event), isConnected: false) == .taken) }

        #expect(!queue.hasGap)
        #expect(queue.items == SampleEvents.general.map(Item.event))
    }

    @Test("what waits when the connection is lost is kept as far as it was committed, and the gap told of")
    func disconnecting() {
        var queue = queue(with: question, post(1), message, answer, post(2))

        queue.disconnect()

        #expect(queue.takeAll(gap: gap) == [post(1), post(2), .message(gap)])
    }

    @Test("what could not be written comes first the next time, as far as it was committed")
    func puttingBack() {
        var queue = queue(with: question, post(1), message)
        var unwritten = queue.takeAll(gap: gap)
        unwritten.append(answer)
        // Of the next connection, which is there already.
        for item in [answer, post(2)] { #expect(queue.add(item, isConnected: true) == .taken) }

        queue.putBack(unwritten)

        #expect(queue.takeAll(gap: gap) == [post(1), answer, post(2), .message(gap)])
    }

    @Test("what is more than there is room for is refused, and the gap told of", arguments: [10, 20_000])
    func bounds(size: Int) {
        var queue = OutgoingQueue()
        let room = min(OutgoingQueue.mostItems, OutgoingQueue.mostBytes / (size + 200))
        for number in 1...room { #expect(queue.add(post(Int64(number), size: size), isConnected: false) == .taken) }
        #expect(!queue.hasGap)

        #expect(queue.add(post(0, size: size), isConnected: false) == .full)

        #expect(queue.items.count == room)
        #expect(queue.hasGap)
        _ = queue.takeAll(gap: gap)
        #expect(queue.add(post(0, size: size), isConnected: false) == .taken)
    }

    @Test("questions for the sessions of all users leave room for what was committed, and make no gap")
    func manyQuestions() {
        var queue = OutgoingQueue()
        for _ in 0..<OutgoingQueue.mostSessions { #expect(queue.add(question, isConnected: true) == .taken) }
        #expect(queue.add(question, isConnected: true) == .full)
        #expect(!queue.hasGap)
        #expect(queue.add(post(1), isConnected: true) == .taken)

        queue.disconnect()

        #expect(queue.items == [post(1)])
        #expect(queue.add(question, isConnected: true) == .taken)
    }
}

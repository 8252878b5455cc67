import EventBus
import EventBusNATS
import RostrumTesting
import Synchronization
import Testing

/// What nodes know of each other, and ask each other.
@Suite(.timeLimit(.minutes(5))) struct PeerTests {
    @Test("every node knows the others, and one that leaves is gone at once")
    func nodes() async throws {
        try await withNATSServer { server in
            try await server.withBuses(3) { buses in
                #expect(Set(buses[0].nodes) == [buses[1].node, buses[2].node])

                await buses[2].close()

                // One that only falls silent is believed in for longer than this.
                try await waitUntil("it is gone", within: .seconds(4)) { buses[0].nodes == [buses[1].node] }
            }
        }
    }

    @Test("each node is told which history the others have seen, as it is by then")
    func lineages() async throws {
        try await withNATSServer { server in
            try await server.withBuses(3) { buses in
                let own = Mutex<Int64>(0)
                let heard = Mutex<[Int64]>([])
                // The third has nothing to tell of.
                buses[0].compareLineages(own: { own.withLock { $0 } }, heard: { _ in })
                buses[1].compareLineages(own: { 7 }, heard: { lineage in heard.withLock { $0.append(lineage) } })
                buses[2].compareLineages(own: { 0 }, heard: { _ in })
                for lineage in [3, 4] as [Int64] {
                    own.withLock { $0 = lineage }
                    try await waitUntil("it is heard") { heard.withLock { $0.last } == lineage }
                }

                #expect(Set(heard.withLock { $0 }) == [3, 4])
            }
        }
    }

    @Test("a question goes to all others, and all answers come back; who has none is not waited for")
    func questions() async throws {
        try await withNATSServer { server in
            try await server.withBuses(4) { buses in
                buses[0].answer { _ in Array("me".utf8) }
                buses[1].answer { Array("one ".utf8) + $0 }
                buses[2].answer { Array("two ".utf8) + $0 }

                // A machine that is busy may be slower than that now and then.
                try await waitUntil("all answer at once") {
                    let began = ContinuousClock.now
                    let answers = await buses[0].ask(Array("who?".utf8))
                    let words = Set(answers.map { String(decoding: $0, as: UTF8.self) })
                    return words == ["one who?", "two who?"] && ContinuousClock.now - began < .milliseconds(400)
                }
                try await waitUntil("nobody is asked who asks") { await buses[3].ask([]).count == 3 }
            }
        }
    }

    @Test("many questions at once get each its own answers")
    func manyQuestions() async throws {
        try await withNATSServer { server in
            try await server.withBuses(2) { buses in
                buses[1].answer { $0 }
                try await withThrowingTaskGroup { group in
                    for number in UInt8(0)..<200 {
                        group.addTask {
                            try await waitUntil("it is answered") {
                                let answers = await buses[0].ask([number])
                                #expect(answers == [[number]] || answers == [])
                                return !answers.isEmpty
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("nodes that do not answer are not waited for until they do")
    func silence() async throws {
        try await withNATSServer { server in
            try await server.withBuses(3) { buses in
                for bus in buses { bus.answer { $0 } }
                // Nobody hears anything.
                try await server.pause()

                #expect(await buses[0].ask([7]) == [])

                server.goOn()
            }
        }
    }

    /// What a table of peers wants to be called for, and when.
    private final class Alarms: Sendable {
        private let pending = Mutex<[(delay: Duration, ring: @Sendable () -> Void)]>([])

        var delays: [Duration] { pending.withLock { $0.map(\.delay) } }

        @Sendable func add(_ delay: Duration, _ ring: @escaping @Sendable () -> Void) {
            pending.withLock { $0.append((delay, ring)) }
        }

        func ring() {
            for alarm in pending.withLock({ $0 }) { alarm.ring() }
        }
    }

    private let one = PeerNode(id: "one", version: "0", roles: [])
    private let two = PeerNode(id: "two", version: "0", roles: [])

    @Test("who does not answer is waited for half a second; what comes later is nothing")
    func patience() {
        let alarms = Alarms()
        let answers = Mutex<[[[UInt8]]]>([])
        let table = PeerTable(schedule: alarms.add)
        let number = table.ask([one, two]) { gathered in answers.withLock { $0.append(gathered) } }
        table.hear(answer: [1], of: "one", to: number)
        #expect(answers.withLock { $0 } == [])
        #expect(alarms.delays == [.milliseconds(500)])

        alarms.ring()
        table.hear(answer: [2], of: "two", to: number)

        #expect(answers.withLock { $0 } == [[[1]]])
    }

    @Test("when all have answered, or have left, nobody waits, and the end of the patience is nothing")
    func complete() {
        let alarms = Alarms()
        let answers = Mutex<[[[UInt8]]]>([])
        let table = PeerTable(schedule: alarms.add)
        for leaves in [false, true] {
            let number = table.ask([one, two]) { gathered in answers.withLock { $0.append(gathered) } }
            table.hear(answer: [1], of: "one", to: number)
            if leaves {
                _ = table.hear(two, isLeaving: true)
            } else {
                table.hear(answer: [2], of: "two", to: number)
            }
        }
        #expect(answers.withLock { $0 } == [[[1], [2]], [[1]]])

        alarms.ring()

        #expect(answers.withLock { $0.count } == 2)
    }
}

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

    @Test("a node that does not answer is waited for half a second, and not until it does")
    func silence() async throws {
        try await withNATSServer { server in
            try await server.withBuses(3) { buses in
                for bus in buses { bus.answer { $0 } }
                // Nobody hears anything.
                try await server.pause()
                let began = ContinuousClock.now
                let answers = await buses[0].ask([7])
                let took = ContinuousClock.now - began

                #expect(answers == [])
                #expect(took >= .milliseconds(400), "\(took)")
                server.goOn()
            }
        }
    }
}

import ChatProtocol
import EventBus
import RostrumTesting
import Synchronization
import Testing

/// What every bus promises to the node that publishes.
@Suite(.timeLimit(.minutes(5))) struct EventBusContractTests {
    private final class Log: Sendable {
        private let list = Mutex<[String]>([])
        var entries: [String] { list.withLock { $0 } }
        func add(_ entry: String) { list.withLock { $0.append(entry) } }
    }

    private let kick = Event.accountKicked(.example, .administrator, lineage: 0)

    @Test(
        "every listener has heard an event when publishing returns, in the order in which they came",
        arguments: BusEngine.allCases
    )
    func everyListener(engine: BusEngine) async throws {
        let log = Log()
        try await engine.withBus { bus in
            bus.listen { _ in log.add("first") }
            bus.listen { _ in log.add("second") }

            bus.publish(kick)

            #expect(log.entries == ["first", "second"])
        }
    }

    @Test("events are heard in the order in which they were published, as they were", arguments: BusEngine.allCases)
    func order(engine: BusEngine) async throws {
        let log = Log()
        try await engine.withBus { bus in
            bus.listen { log.add("\($0)") }
            let events = [kick, .applicationChanged(.example), .applicationChanged(.other), kick]

            for event in events { bus.publish(event) }

            #expect(log.entries == events.map { "\($0)" })
        }
    }

    @Test("a listener hears nothing of what was published before", arguments: BusEngine.allCases)
    func lateListener(engine: BusEngine) async throws {
        let log = Log()
        try await engine.withBus { bus in
            bus.publish(kick)
            bus.listen { _ in log.add("late") }

            #expect(log.entries == [])
            bus.publish(kick)
            #expect(log.entries == ["late"])
        }
    }

    @Test("a gap that is told of is heard here by all who listen for gaps", arguments: BusEngine.allCases)
    func gap(engine: BusEngine) async throws {
        let log = Log()
        try await engine.withBus { bus in
            bus.listen { log.add("\($0)") }
            for name in ["first", "second"] { bus.listenForGaps { log.add(name) } }
            bus.publish(kick)
            let before = log.entries

            bus.tellOfGap()

            #expect(log.entries == before + ["first", "second"])
        }
    }

    @Test("a bus without listeners takes events, and two buses are apart", arguments: BusEngine.allCases)
    func noListeners(engine: BusEngine) async throws {
        let log = Log()
        try await engine.withBus { bus in
            try await engine.withBus { other in
                other.listen { _ in log.add("other") }

                bus.publish(kick)

                #expect(log.entries == [])
            }
        }
    }

    @Test("a listener may add a listener, which hears the next event", arguments: BusEngine.allCases)
    func listenerAddsListener(engine: BusEngine) async throws {
        let log = Log()
        try await engine.withBus { bus in
            bus.listen { _ in
                log.add("outer")
                if log.entries.count == 1 { bus.listen { _ in log.add("inner") } }
            }

            bus.publish(kick)
            #expect(log.entries == ["outer"])
            bus.publish(kick)
            #expect(log.entries == ["outer", "outer", "inner"])
        }
    }

    @Test("no event is lost when many publish and listen at once", arguments: BusEngine.allCases)
    func concurrent(engine: BusEngine) async throws {
        let log = Log()
        try await engine.withBus { bus in
            bus.listen { _ in log.add("heard") }

            await withTaskGroup { group in
                for _ in 0..<200 {
                    group.addTask { bus.publish(kick) }
                    group.addTask { bus.listen { _ in } }
                }
            }

            #expect(log.entries.count == 200)
        }
    }

    @Test(
        "whoever follows goes on at once when nothing is far away, however often and for whatever",
        arguments: BusEngine.allCases
    )
    func following(engine: BusEngine) async throws {
        try await engine.withBus { bus in
            let topics: [Topic] = [.channel(.example, .news), .user(.example, .administrator)]
            for _ in 0..<100 {
                await bus.follow(topics)
                bus.unfollow(topics)
            }
            await bus.follow([])
        }
    }
}

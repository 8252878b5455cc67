import ChatProtocol
import EventBus
import RostrumTesting
import Synchronization
import Testing

/// The bus of a single node.
@Suite struct InProcessEventBusTests {
    private final class Log: Sendable {
        private let list = Mutex<[String]>([])
        var entries: [String] { list.withLock { $0 } }
        func add(_ entry: String) { list.withLock { $0.append(entry) } }
    }

    private let kick = Event.accountKicked(.example, .administrator)

    @Test("every listener has heard an event when publishing returns, in the order in which they came")
    func everyListener() async {
        let (bus, log) = (InProcessEventBus(), Log())
        bus.listen { _ in log.add("first") }
        bus.listen { _ in log.add("second") }

        bus.publish(kick)

        #expect(log.entries == ["first", "second"])
    }

    @Test("events are heard in the order in which they were published, as they were")
    func order() async {
        let (bus, log) = (InProcessEventBus(), Log())
        bus.listen { log.add("\($0)") }
        let events = [kick, .applicationChanged(.example), .applicationChanged(.other), kick]

        for event in events { bus.publish(event) }

        #expect(log.entries == events.map { "\($0)" })
    }

    @Test("a listener hears nothing of what was published before")
    func lateListener() async {
        let (bus, log) = (InProcessEventBus(), Log())
        bus.publish(kick)
        bus.listen { _ in log.add("late") }

        #expect(log.entries == [])
        bus.publish(kick)
        #expect(log.entries == ["late"])
    }

    @Test("a bus without listeners takes events, and two buses are apart")
    func noListeners() async {
        let (bus, other, log) = (InProcessEventBus(), InProcessEventBus(), Log())
        other.listen { _ in log.add("other") }

        bus.publish(kick)

        #expect(log.entries == [])
    }

    @Test("a listener may add a listener, which hears the next event")
    func listenerAddsListener() async {
        let (bus, log) = (InProcessEventBus(), Log())
        bus.listen { _ in
            log.add("outer")
            if log.entries.count == 1 { bus.listen { _ in log.add("inner") } }
        }

        bus.publish(kick)
        #expect(log.entries == ["outer"])
        bus.publish(kick)
        #expect(log.entries == ["outer", "outer", "inner"])
    }

    @Test("no event is lost when many publish and listen at once")
    func concurrent() async {
        let (bus, log) = (InProcessEventBus(), Log())
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

import EventBus
import Synchronization

/// Every event that a bus told of, in order.
final class EventLog: Sendable {
    private let list = Mutex<[Event]>([])

    var events: [Event] { list.withLock { $0 } }

    func hear(_ event: Event) {
        list.withLock { $0.append(event) }
    }
}

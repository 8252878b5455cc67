package import EventBus
import Synchronization

/// Every event that a bus told of, in order.
package final class EventLog: Sendable {
    private let list = Mutex<[Event]>([])

    package init() {}

    package var events: [Event] { list.withLock { $0 } }

    package func hear(_ event: Event) {
        list.withLock { $0.append(event) }
    }
}

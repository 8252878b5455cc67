import Synchronization

/// The bus of a single node: tells the listeners of this process, one after the other.
package final class InProcessEventBus: CompleteEventBus {
    private let listeners = Mutex<[@Sendable (Event) -> Void]>([])

    package init() {}

    package func publish(_ event: Event) {
        for listener in listeners.withLock({ $0 }) { listener(event) }
    }

    package func listen(_ listener: @escaping @Sendable (Event) -> Void) {
        listeners.withLock { $0.append(listener) }
    }
}

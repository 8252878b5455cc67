import Synchronization

/// The bus of a single node: tells the listeners of this process, one after the other.
package final class InProcessEventBus: CompleteEventBus {
    private struct Listeners {
        var events: [@Sendable (Event) -> Void] = []
        var gaps: [@Sendable () -> Void] = []
    }

    private let listeners = Mutex(Listeners())

    package init() {}

    package func publish(_ event: Event) {
        for listener in listeners.withLock({ $0.events }) { listener(event) }
    }

    package func listen(_ listener: @escaping @Sendable (Event) -> Void) {
        listeners.withLock { $0.events.append(listener) }
    }

    package func listenForGaps(_ listener: @escaping @Sendable () -> Void) {
        listeners.withLock { $0.gaps.append(listener) }
    }

    package func tellOfGap() {
        for listener in listeners.withLock({ $0.gaps }) { listener() }
    }
}

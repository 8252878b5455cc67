import Synchronization

/// Time that passes when a test says so, where the time of day does not matter.
package final class ManualTime: Sendable {
    private let moment = Mutex(ContinuousClock.now)

    package init() {}

    package var now: ContinuousClock.Instant { moment.withLock { $0 } }

    package func pass(_ duration: Duration) {
        moment.withLock { $0 += duration }
    }
}

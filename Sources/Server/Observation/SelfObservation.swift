import AsyncAlgorithms
import Chat
import ChatProtocol
import Metrics
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Finds out by itself what nobody asks for in passing: whether the storage takes a write, what waits in the outboxes,
/// and how long event loops keep work waiting.
struct SelfObservation: Service {
    private static let interval = Duration.seconds(1)
    /// A look at the storage comes with every so manieth look at the event loops.
    private static let rounds = 10

    private let health: Health
    private let deliveries: Deliveries
    private let clock: any WallClock
    private let lag: Timer
    private let waiting: Gauge
    private let oldest: Gauge
    private let overdue: Gauge

    init(_ systems: Systems, health: Health, metrics: any MetricsFactory) {
        (self.health, deliveries, clock) = (health, systems.deliveries, systems.clock)
        lag = Timer(label: "rostrum_event_loop_lag", factory: metrics)
        waiting = Gauge(label: "rostrum_outbox_waiting", factory: metrics)
        oldest = Gauge(label: "rostrum_outbox_oldest_seconds", factory: metrics)
        overdue = Gauge(label: "rostrum_outbox_overdue_seconds", factory: metrics)
    }

    func run() async {
        await look()
        var round = 0
        for await _ in AsyncTimerSequence(interval: Self.interval, clock: .continuous).cancelOnGracefulShutdown() {
            askLoops()
            round += 1
            if round.isMultiple(of: Self.rounds) { await look() }
        }
    }

    /// An event loop is as late with everything else as it is with this.
    private func askLoops() {
        let asked = ContinuousClock.now
        for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() {
            loop.execute { lag.record(duration: .now - asked) }
        }
    }

    private func look() async {
        guard await health.isReady() else { return forget() }
        do throws(ChatError) {
            let standing = try await deliveries.standing()
            let now = clock.now
            func age(_ moment: Timestamp?) -> Double {
                moment.map { max(0, Double(now.milliseconds(since: $0)) / 1000) } ?? 0
            }
            waiting.record(standing.waiting)
            oldest.record(age(standing.oldest))
            overdue.record(age(standing.dueSince))
        } catch {
            // The reader of the outbox meets the same, and says so.
            forget()
        }
    }

    private func forget() {
        for gauge in [waiting, oldest, overdue] { gauge.record(Double.nan) }
    }
}

import AsyncAlgorithms
package import Chat
import ChatProtocol
package import Logging
package import Metrics
import ServiceLifecycle

/// Sweeps once at the start and once a minute, on one node of the installation at a time.
///
/// A sweep that begins while another node still makes one does no harm, so nobody asks again in the middle.
package struct Maintenance: Service {
    private let sweep: Sweep
    private let leases: Leases
    private let interval: Duration
    private let logger: Logger
    private let succeeded: Counter
    private let failed: Counter
    private let lastSuccess: Gauge

    package init(
        sweep: Sweep,
        leases: Leases,
        interval: Duration = .seconds(60),
        metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        logger: Logger
    ) {
        (self.sweep, self.leases, self.interval, self.logger) = (sweep, leases, interval, logger)
        succeeded = Counter(label: "rostrum_sweeps", dimensions: [("result", "succeeded")], factory: metrics)
        failed = Counter(label: "rostrum_sweeps", dimensions: [("result", "failed")], factory: metrics)
        lastSuccess = Gauge(label: "rostrum_sweep_last_success_timestamp_seconds", factory: metrics)
    }

    package func run() async {
        // A sweep may last long, and ends between two of its batches.
        await cancelWhenGracefulShutdown {
            await runOnce()
            for await _ in AsyncTimerSequence(interval: interval, clock: .continuous) { await runOnce() }
        }
    }

    private func runOnce() async {
        do throws(ChatError) {
            guard try await leases.lease(of: .maintenance) != nil else { return }
            try await leases.forgetSilentNodes()
            try await sweep.run()
            succeeded.increment()
            lastSuccess.record(SystemClock().now.seconds)
        } catch {
            let cause = error.cause.map(String.init(reflecting:)) ?? "-"
            failed.increment()
            logger.error("cannot sweep", metadata: ["error.cause": .string(cause)])
        }
    }
}

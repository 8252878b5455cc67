import AsyncAlgorithms
package import Chat
import ChatProtocol
package import Logging
import ServiceLifecycle

/// Sweeps once at the start and once a minute, on one node of the installation at a time.
///
/// A sweep that begins while another node still makes one does no harm, so nobody asks again in the middle.
package struct Maintenance: Service {
    private let sweep: Sweep
    private let leases: Leases
    private let interval: Duration
    private let logger: Logger

    package init(sweep: Sweep, leases: Leases, interval: Duration = .seconds(60), logger: Logger) {
        (self.sweep, self.leases, self.interval, self.logger) = (sweep, leases, interval, logger)
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
        } catch {
            let cause = error.cause.map(String.init(reflecting:)) ?? "-"
            logger.error("cannot sweep", metadata: ["error.cause": .string(cause)])
        }
    }
}

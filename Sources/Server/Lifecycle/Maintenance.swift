import AsyncAlgorithms
import Chat
import ChatProtocol
import Logging
import ServiceLifecycle

/// Sweeps once at the start and once a minute.
struct Maintenance: Service {
    static let interval = Duration.seconds(60)

    let sweep: Sweep
    let logger: Logger

    func run() async {
        // A sweep may last long, and ends between two of its batches.
        await cancelWhenGracefulShutdown {
            await run(sweep)
            for await _ in AsyncTimerSequence(interval: Self.interval, clock: .continuous) { await run(sweep) }
        }
    }

    private func run(_ sweep: Sweep) async {
        do throws(ChatError) {
            try await sweep.run()
        } catch {
            let cause = error.cause.map(String.init(reflecting:)) ?? "-"
            logger.error("cannot sweep", metadata: ["error.cause": .string(cause)])
        }
    }
}

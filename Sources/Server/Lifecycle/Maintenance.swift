import AsyncAlgorithms
import Chat
import ChatProtocol
import Database
import Logging
import ServiceLifecycle

/// What is swept up once a minute, in small batches so that no caller waits long.
struct Maintenance: Service {
    static let interval = Duration.seconds(60)
    static let batch = 500

    let database: any Database
    let clock: any WallClock
    let logger: Logger

    func run() async throws {
        for await _ in AsyncTimerSequence(interval: Self.interval, clock: .continuous).cancelOnGracefulShutdown() {
            await sweep()
        }
    }

    private func sweep() async {
        do throws(ChatError) {
            while try await database.forgetIdempotencyKeys(at: clock.now, batch: Self.batch) == Self.batch {}
        } catch {
            let cause = error.cause.map(String.init(reflecting:)) ?? "-"
            logger.error("cannot sweep", metadata: ["error.cause": .string(cause)])
        }
    }
}

import AsyncAlgorithms
import Chat
import ChatProtocol
import Logging
import ServiceLifecycle

/// Says that this node lives, until it ends, and then that it ends.
///
/// Started before everything that does work under a lease and therefore stopped after it.
struct Heartbeat: Service {
    let leases: Leases
    let logger: Logger

    func run() async {
        await report("cannot say that this node lives") { () async throws(ChatError) in try await leases.beat() }
        for await _ in AsyncTimerSequence(interval: Leases.interval, clock: .continuous).cancelOnGracefulShutdown() {
            await report("cannot say that this node lives") { () async throws(ChatError) in try await leases.beat() }
        }
        await report("cannot leave work to other nodes") { () async throws(ChatError) in try await leases.end() }
    }

    private func report(_ what: Logger.Message, _ body: () async throws(ChatError) -> Void) async {
        do throws(ChatError) {
            try await body()
        } catch {
            let cause = error.cause.map(String.init(reflecting:)) ?? "-"
            logger.error(what, metadata: ["error.cause": .string(cause)])
        }
    }
}

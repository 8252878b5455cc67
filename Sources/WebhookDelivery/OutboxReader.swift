import AsyncAlgorithms
package import Chat
import ChatProtocol
import EventBus
import Instrumentation
package import Logging
package import Metrics
import ServiceLifecycle
import Synchronization
import Traces

/// Delivers what stands in the outbox until graceful shutdown.
///
/// Every channel's events go one after the other, many channels' at the same time, an application's at most
/// ``lanesPerApplication`` at once: a backend that does not answer keeps its own application waiting and no other. An
/// event is sent before it is settled, so a crash between the two sends it again, under the same delivery id.
///
/// Of several nodes one delivers an application's events at a time: the first that sees something of it waiting takes
/// its outbox up, and keeps it until it ends (``Leases``).
///
/// Source: design section 5.
package final class OutboxReader: Service {
    /// Channels of one application that are delivered at the same time.
    package static let lanesPerApplication = 32
    /// Events of one channel that are sent before they are settled together.
    ///
    /// So many at most are told again after a crash. Each settlement is a commit, so small ones cost: with 32 a
    /// delivery took a quarter longer.
    package static let batch = 64
    /// After this time what was sent is settled, however few: a slow backend is not told again of a long time.
    package static let longestBatch = Duration.seconds(1)
    /// How often the outbox is looked at when nobody says that there is something in it.
    package static let interval = Duration.milliseconds(500)

    private let systems: Systems
    private let leases: Leases
    private let interval: Duration
    private let logger: Logger
    private let deadLetters: Counter
    private let underWay = Mutex<[SDKAppID: Set<String>]>([:])
    /// Applications that another node had at the last look.
    private let elsewhere = Mutex<Set<SDKAppID>>([])
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - leases: this node's.
    ///   - interval: how often the outbox is looked at by itself.
    package init(
        _ systems: Systems,
        leases: Leases,
        interval: Duration = OutboxReader.interval,
        metrics: any MetricsFactory,
        logger: Logger
    ) {
        (self.systems, self.leases, self.interval, self.logger) = (systems, leases, interval, logger)
        deadLetters = Counter(label: "rostrum_webhook_dead_letters", factory: metrics)
        // One that waits stands for all that come meanwhile.
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (self.wakes, self.wake) = (wakes, wake)
        systems.bus.listen { [weak self] event in
            guard case .outboxFilled(let application) = event, let self else { return }
            if !elsewhere.withLock({ $0.contains(application) }) { wake.yield() }
        }
    }

    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { [wake, interval] in
                for await _ in AsyncTimerSequence(interval: interval, clock: .continuous)
                    .cancelOnGracefulShutdown()
                {
                    wake.yield()
                }
                wake.finish()
            }
            // Ends with the clock above; what is under way ends by itself: a batch's second, and the 2 s of an attempt.
            for await _ in wakes {
                do throws(ChatError) {
                    let due = try await look()
                    for (application, former) in due.free {
                        group.addTask { await self.takeUp(application, from: former) }
                    }
                    for (application, lane, lease) in due.lanes {
                        group.addTask { await self.deliver(lane, of: application, under: lease) }
                    }
                } catch {
                    report("cannot read the outbox", error)
                }
            }
        }
    }

    /// What is due and not yet under way; the lanes among it are marked as being so.
    private func look() async throws(ChatError) -> Deliveries.Due {
        let due = try await systems.deliveries.due(
            for: leases.view,
            besides: underWay.withLock { $0 },
            limit: Self.lanesPerApplication
        )
        elsewhere.withLock { $0 = due.elsewhere }
        underWay.withLock { underWay in
            for (application, lane, _) in due.lanes { underWay[application, default: []].insert(lane.channel) }
        }
        return due
    }

    private func takeUp(_ application: SDKAppID, from former: Leaseholder?) async {
        do throws(ChatError) {
            if try await leases.take(.webhooks(application), from: former) != nil { wake.yield() }
        } catch {
            report("cannot take up an outbox", error)
        }
    }

    /// Delivers the first events of a lane, then lets go of it: whoever waits longest is next.
    private func deliver(_ lane: Outbox.Lane, of id: SDKAppID, under lease: Lease) async {
        var isSettled = false
        do throws(ChatError) {
            if let application = try await systems.applications.find(id) {
                isSettled = try await deliver(lane, of: application, under: lease)
            }
        } catch {
            report("cannot deliver webhooks", error)
        }
        underWay.withLock { underWay in
            underWay[id]?.remove(lane.channel)
            if underWay[id]?.isEmpty == true { underWay[id] = nil }
        }
        // What could not be settled waits for the clock: a storage that fails is not to be asked without a pause.
        if isSettled { wake.yield() }
    }

    /// - Returns: whether anything was settled; not when the server stops before anything was delivered, and not when
    ///   another node delivers by now.
    private func deliver(
        _ lane: Outbox.Lane,
        of application: Application,
        under lease: Lease
    ) async throws(ChatError) -> Bool {
        // Of a lane whose backend fails no more is read than is tried.
        let count = lane.failures > 0 ? 1 : Self.batch
        let first = try await systems.deliveries.first(count, of: lane, of: application.id)
        var settlement = Outbox.Settlement(of: first)
        var failures = lane.failures
        let began = ContinuousClock.now
        for waiting in first {
            if !settlement.attempts.isEmpty, ContinuousClock.now - began > Self.longestBatch || Task.isCancelled {
                break
            }
            // After a pause of the whole process another node may be at these events.
            guard leases.isCurrent(lease) else { break }
            let attempt = await systems.webhooks.attempt(
                waiting.call,
                of: application,
                number: failures + 1,
                channel: lane.channel
            )
            // The server stops: what was delivered is settled, the rest is for the next start.
            guard attempt.outcome != .cancelled else { break }
            settlement.attempts.append(attempt)
            guard !attempt.isDelivered else {
                settlement.doneUpTo = waiting.number
                failures = 0
                continue
            }
            settlement.failure = failure(of: waiting, attempt, failures + 1, application.webhooks.retry)
            break
        }
        guard first.isEmpty || !settlement.attempts.isEmpty else { return false }
        let isOurs = try await systems.deliveries.settle(settlement, of: lane, of: application.id, under: lease)
        if !isOurs {
            logger.notice(
                "another node delivers the webhooks by now",
                metadata: ["application": "\(application.id)"]
            )
        }
        return isOurs
    }

    private func failure(
        of waiting: Outbox.Waiting,
        _ attempt: WebhookAttempt,
        _ failures: Int64,
        _ retry: WebhookSettings.Retry
    ) -> Outbox.Settlement.Failure {
        let next = RetrySchedule.next(
            after: failures,
            attempt.outcome,
            retry,
            queuedAt: waiting.queuedAt,
            at: systems.clock.now
        )
        if let next { return .retry(failures: failures, at: next) }
        deadLetters.increment()
        ServiceContext.withValue(.of(waiting.call.trace)) {
            logger.warning(
                "webhook given up",
                metadata: ["delivery": "\(waiting.call.delivery)", "command": "\(waiting.call.command)"]
            )
        }
        return .dead(waiting, attempts: failures, reason: attempt.outcomeInWords)
    }

    private func report(_ what: Logger.Message, _ error: ChatError) {
        logger.error(what, metadata: ["error.cause": "\(error.cause.map(String.init(reflecting:)) ?? error.info)"])
    }
}

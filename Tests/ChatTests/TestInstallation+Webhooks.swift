import Chat
import ChatProtocol
import Database
import RostrumTesting

extension WebhookURL {
    static let example = WebhookURL("https://backend.example.net/hook")

    init(_ text: String) {
        guard let url = WebhookURL(rawValue: text) else { preconditionFailure("\(text) is no webhook URL") }
        self = url
    }
}

extension TestInstallation {
    /// Switches webhooks on.
    func setWebhooks(
        _ commands: Set<WebhookCommand> = Set(WebhookCommand.allCases),
        url: WebhookURL? = .example,
        token: String? = nil,
        policy: WebhookSettings.TimeoutPolicy? = nil,
        retry: WebhookSettings.Retry? = nil,
        of id: SDKAppID = .example
    ) async throws {
        var change = ApplicationChange()
        change.webhooks.url = .some(url)
        change.webhooks.commands = commands
        (change.webhooks.token, change.webhooks.timeoutPolicy, change.webhooks.retry) = (token, policy, retry)
        _ = try await applications.update(id, change, by: operation())
    }

    var deliveries: Deliveries { systems.deliveries }

    /// What waits in a lane, due or not, in order.
    func waiting(
        in lane: String = ChannelID.news.rawValue,
        of id: SDKAppID = .example
    ) async throws -> [Outbox.Waiting] {
        let later = ManualClock(at: clock.now.advanced(bySeconds: 10 * 86_400))
        let deliveries = TestInstallation(database: database, clock: later).deliveries
        let lanes = try await deliveries.due(for: allLeases.view, besides: [:], limit: 1000).lanes
        guard let found = lanes.first(where: { $0.application == id && $0.lane.channel == lane }) else { return [] }
        return try await deliveries.first(1000, of: found.lane, of: id)
    }

    /// What waits in a lane: the last parts of the `CallbackCommand`s.
    func waitingEvents(in lane: String = ChannelID.news.rawValue) async throws -> [String] {
        try await waiting(in: lane).map { $0.call.command.replacing("OfficialAccount.Callback", with: "") }
    }

    /// The lanes that are due.
    func due(of id: SDKAppID = .example, limit: Int = 100) async throws -> [Outbox.Lane] {
        let due = try await deliveries.due(for: allLeases.view, besides: [:], limit: limit)
        return due.lanes.filter { $0.application == id }.map(\.lane)
    }

    /// Delivers what is due once, as the outbox's reader does: every lane up to its first failure.
    func deliver(of id: SDKAppID = .example) async throws {
        let application = try await application(id)
        for lane in try await due(of: id) {
            let first = try await deliveries.first(1000, of: lane, of: id)
            var settlement = Outbox.Settlement(of: first)
            var failures = lane.failures
            for waiting in first {
                let attempt = await systems.webhooks.attempt(
                    waiting.call,
                    of: application,
                    number: failures + 1,
                    channel: lane.channel
                )
                settlement.attempts.append(attempt)
                if attempt.isDelivered {
                    settlement.doneUpTo = waiting.number
                    failures = 0
                    continue
                }
                failures += 1
                let next = RetrySchedule.next(
                    after: failures,
                    attempt.outcome,
                    application.webhooks.retry,
                    queuedAt: waiting.queuedAt,
                    at: clock.now
                )
                settlement.failure =
                    next.map { .retry(failures: failures, at: $0) }
                    ?? .dead(waiting, attempts: failures, reason: attempt.outcomeInWords)
                break
            }
            try await settle(settlement, of: lane, of: id)
        }
    }

    /// The delivery log, oldest first, with what is still on its way into it.
    func deliveryLog(of id: SDKAppID = .example) async throws -> [DeliveryLog.Entry] {
        // Writes are done in the order in which they are asked for.
        try await execute("DELETE FROM audit WHERE app = 0")
        return try await deliveries.log(of: id, newest: 1000).reversed()
    }
}

import Chat
import ChatProtocol
import Logging
import Metrics
import RostrumTesting
import ServiceLifecycle
import WebhookDelivery

extension TestInstallation {
    /// Switches every webhook of an application on.
    ///
    /// - Parameter url: nil takes it away.
    func setWebhooks(
        url: String? = "http://backend.example",
        retry: WebhookSettings.Retry = .on,
        of id: SDKAppID = .example
    ) async throws {
        var change = ApplicationChange()
        change.webhooks.url = .some(url.flatMap(WebhookURL.init(rawValue:)))
        change.webhooks.commands = Set(WebhookCommand.allCases.filter { !$0.isBefore })
        change.webhooks.retry = retry
        _ = try await applications.update(id, change, by: operation())
    }

    /// Makes a channel while the webhooks are still off, so that nothing waits in its lane.
    func makeChannel(_ id: ChannelID, of application: SDKAppID = .example) async throws {
        _ = try await channels.create(.example(id: id), for: try await call(of: application))
    }

    /// Gives a channel one name after the other: each is an event of its lane, told by that name.
    func rename(_ id: ChannelID, _ names: [String], of application: SDKAppID = .example) async throws {
        for name in names {
            try await channels.modify(id, .example(name: name), for: try await call(of: application))
        }
    }

    /// How many events wait in each channel's lane.
    func waiting(of application: SDKAppID = .example) async throws -> [String: Int64] {
        let lanes = try await systems.deliveries.backlog(of: application, limit: 1000)
        return Dictionary(uniqueKeysWithValues: lanes.map { ($0.channel, $0.waiting) })
    }

    /// An outbox reader that is ready to run.
    ///
    /// - Parameter leases: the node's; nil when nobody can be beside it.
    func reader(
        leases: Leases? = nil,
        interval: Duration = .milliseconds(5),
        metrics: any MetricsFactory = NOOPMetricsHandler.instance
    ) -> ServiceGroup {
        let logger = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
        let reader = OutboxReader(
            systems,
            leases: leases ?? allLeases,
            interval: interval,
            metrics: metrics,
            logger: logger
        )
        return ServiceGroup(configuration: .init(services: [reader], logger: logger))
    }

    /// Runs an outbox reader for the time of `body` and stops it gracefully.
    func withReader<Value>(
        leases: Leases? = nil,
        interval: Duration = .milliseconds(5),
        metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        _ body: () async throws -> Value
    ) async throws -> Value {
        let group = reader(leases: leases, interval: interval, metrics: metrics)
        async let run: Void = group.run()
        do {
            let value = try await body()
            await group.triggerGracefulShutdown()
            try await run
            return value
        } catch {
            // A post that waits would keep the reader for ever.
            backend.release()
            await group.triggerGracefulShutdown()
            try? await run
            throw error
        }
    }
}

extension ScriptedSender {
    /// What was posted about a channel, in order.
    func posts(about channel: ChannelID) -> [Post] {
        posts.filter { $0.channel == channel.rawValue }
    }

    /// The names that a channel was given, as they were posted.
    func names(of channel: ChannelID) -> [String] {
        posts(about: channel).map(\.name)
    }
}

extension ScriptedSender.Post {
    var channel: String { body["Official_Account"]?.text ?? "" }
    /// The channel's new name.
    var name: String { body["Name"]?.text ?? "" }
    var application: String { query.first { $0.name == "SdkAppid" }?.value ?? "" }
    var delivery: String { header("X-Rostrum-Delivery") ?? "" }
}

import Chat
import ChatProtocol
import MetricsTestKit
import RostrumTesting
import Testing

/// What is counted of the webhooks that operations wait for; those that follow are counted with the outbox's reader.
@Suite struct WebhookCountersTests {
    private func count(_ result: String, _ metrics: TestMetrics) throws -> Int64 {
        let dimensions = [("kind", "before"), ("result", result)]
        return try metrics.expectCounter("rostrum_webhook_attempts", dimensions).totalValue
    }

    @Test("a backend that is asked is counted by whether it answers, and a test event is not")
    func before() async throws {
        let metrics = TestMetrics()
        try await StorageEngine.sqlite.withInstallation(metrics: metrics) { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            try await installation.setWebhooks([.beforeSend])
            installation.backend.answer("BeforeSendMsg", with: .verdict(0), .verdict(1), .reply("", status: 503))
            _ = try await installation.send(.example("m1"))
            await #expect(throws: ChatError.self) { _ = try await installation.send(.example("refused")) }
            _ = try await installation.send(.example("m2"))
            let application = try #require(try await installation.applications.find(.example))
            _ = try await installation.systems.webhooks.test(application, by: installation.operation())

            #expect(try count("delivered", metrics) == 2)
            #expect(try count("failed", metrics) == 1)
            let durations = try metrics.expectTimer("rostrum_webhook_duration", [("kind", "before")]).values
            #expect(durations.count == 3 && durations.allSatisfy { $0 > 0 })
        }
    }
}

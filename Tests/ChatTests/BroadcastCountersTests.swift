import Chat
import ChatProtocol
import MetricsTestKit
import RostrumTesting
import Testing

/// What is counted of broadcasts, whichever door they come by.
@Suite struct BroadcastCountersTests {
    private func count(_ kind: String, _ metrics: TestMetrics) throws -> Int64 {
        try metrics.expectCounter("rostrum_broadcasts", [("kind", kind)]).totalValue
    }

    @Test(
        "each counts once under what became of it, a repeated and a refused one not",
        arguments: StorageEngine.enabled
    )
    func kinds(engine: StorageEngine) async throws {
        let metrics = TestMetrics()
        try await engine.withInstallation(metrics: metrics) { installation in
            try await installation.liftBroadcastLimits()
            try await installation.setWebhooks([.beforeSend])
            _ = try await installation.createChannel()
            _ = try await installation.sendMany(3)
            _ = try await installation.send(.example("m3"))
            _ = try await installation.send(.example("online").with { $0.isOnlineOnly = true })
            installation.backend.answer("BeforeSendMsg", with: .verdict(2), .verdict(1))
            _ = try await installation.send(.example("dropped"))
            await #expect(throws: ChatError.self) { _ = try await installation.send(.example("refused")) }

            #expect(try count("stored", metrics) == 3)
            #expect(try count("online-only", metrics) == 1)
            #expect(try count("dropped", metrics) == 1)
        }
    }
}

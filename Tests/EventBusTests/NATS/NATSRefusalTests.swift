import ChatProtocol
import EventBus
import EventBusNATS
import MetricsTestKit
import RostrumTesting
import Testing

/// Messages that the bus does not take, while it takes others.
@Suite(.timeLimit(.minutes(5))) struct NATSRefusalTests {
    /// Hands `body` the buses of two nodes over a server that takes messages of 2 KiB.
    private func withNarrowBuses(_ body: ([NATSEventBus], TestMetrics) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let file = try writeFile("\(directory)/nats.conf", "max_payload: 2048")
            try await withNATSServer(["-c", file]) { server in
                let metrics = TestMetrics()
                let buses = [
                    try NATSEventBus.example(server.url, metrics: metrics), try NATSEventBus.example(server.url),
                ]
                try await buses.use { try await body($0, metrics) }
            }
        }
    }

    @Test("a question or an answer that is too large is none, and what comes after it goes its way")
    func largeAnswer() async throws {
        try await withNarrowBuses { buses, metrics in
            let heard = [EventLog(), EventLog()]
            for (bus, log) in zip(buses, heard) { bus.listen(log.hear) }
            buses[0].answer { _ in Array(repeating: 1, count: 5000) }
            buses[1].answer { _ in [2] }

            #expect(await buses[1].ask([3]) == [])
            #expect(await buses[0].ask(Array(repeating: 4, count: 5000)) == [])
            // Others are answered, if the machine is quick enough for half a second.
            try await waitUntil("a small one is answered") { await buses[0].ask([5]) == [[2]] }

            buses[0].publish(.applicationChanged(.example))
            try await waitUntil("the event arrives", within: .seconds(5)) {
                heard[1].events.contains(.applicationChanged(.example))
            }
            #expect(metrics.total("rostrum_bus_reconnects") == 0)
        }
    }

    @Test("that an event was too large is told even while there is always another one to say")
    func gapWhileBusy() async throws {
        try await withNarrowBuses { buses, metrics in
            let gaps = Gaps()
            buses[1].listenForGaps(gaps.add)
            let large = SubscriptionEvent(
                SampleEvents.reference,
                [UserID("anna")],
                .subscribed(SampleEvents.position, parameters: Array(repeating: 1, count: 5000)),
                version: 1,
                lineage: 0
            )
            try await withThrowingTaskGroup { group in
                group.addTask {
                    while !Task.isCancelled {
                        for _ in 0..<50 { buses[0].publish(.outboxFilled(.example)) }
                        await Task.yield()
                    }
                }
                defer { group.cancelAll() }
                try await waitUntil("it is busy") {
                    metrics.total("rostrum_bus_events", [("result", "published")]) > 1000
                }
                buses[0].publish(.subscriptions(large))
                try await waitUntil("the other is told", within: .seconds(10)) { gaps.count > 0 }
            }
        }
    }
}

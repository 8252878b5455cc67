import Chat
import ChatProtocol
import MetricsTestKit
import RostrumTesting
import Testing

/// Clients that do not read: they cost little, harm nobody, and miss nothing in the end.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SlowClientTests {
    private static func position(_ epoch: JSONValue, _ messageSeq: Int64, _ eventSeq: Int64) -> JSONValue {
        .object(["Epoch": epoch, "MsgSeq": .integer(messageSeq), "EventSeq": .integer(eventSeq)])
    }

    @Test("of 700 posts past one that never reads little is kept for her, and the others get everything")
    func neverReads() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            try await node.createChannel()
            let slow = try await node.login("anna", LimitTests.smallBuffer)
            let others = [try await node.login("boris"), try await node.login("chen")]
            try await node.subscribe("anna", "boris", "chen")
            let epoch = try await slow.next("onOfficialAccountSubscribed")["Epoch"] ?? .null
            slow.stopReading()
            let text = String(repeating: "x", count: 4000)
            // Several at once: one that says nothing for 55 s is ended. In rounds that fit what may wait:
            // one that reads late is not one that never reads.
            for round in 1...70 {
                try await withThrowingTaskGroup { group in
                    for _ in 0..<2 {
                        group.addTask { for _ in 0..<5 { try await node.post(text) } }
                    }
                    try await group.waitForAll()
                }
                for other in others {
                    try await waitUntil("the others have everything", within: .seconds(30)) {
                        other.notifications("onRecvNewMessage").count == 10 * round
                    }
                }
            }
            for other in others {
                #expect(other.notifications("onRecvNewMessage").compactMap { $0.number("MsgSeq") } == Array(1...700))
                #expect(other.notifications("onLagging").isEmpty)
            }

            slow.resumeReading()
            let lag = try #require(try await slow.next("onLagging")["@TOA#_news"])
            #expect(lag["MsgSeq"]?.integer == 700)
            #expect(lag["Epoch"] == epoch)
            let had = slow.notifications("onRecvNewMessage").compactMap { $0.number("MsgSeq") }
            #expect(had == Array(1...Int64(had.count)))
            // 64 KiB in the process, and what two kernel buffers hold: nothing more was kept for her.
            #expect((16...120).contains(had.count))
            // More than 500 are missing.
            let far = try await slow.call("resume", ["@TOA#_news": Self.position(epoch, 10, 10)])
            #expect(far["@TOA#_news"]?["reload"] == .bool(true))
            let near = try await slow.call("resume", ["@TOA#_news": Self.position(epoch, 500, 500)])
            #expect(near["@TOA#_news"]?["messages"]?.items.count == 200)
            try await node.post("live again")
            try await waitUntil("it is live again") {
                slow.notifications("onRecvNewMessage").last?.number("MsgSeq") == 701
            }
        }
    }

    @Test("a receipt counts who was there, was written to, lagged and has read")
    func receipts() async throws {
        let metrics = TestMetrics()
        var options = LiveNode.Options()
        options.metrics = metrics
        try await StorageEngine.sqlite.withLiveNode(options) { node in
            try await node.createChannel()
            let slow = try await node.login("anna", platform: "iOS", LimitTests.smallBuffer)
            let quick = try await node.login("boris", platform: "Web")
            try await node.subscribe("anna", "boris", "chen")
            for client in [slow, quick] { _ = try await client.next("onOfficialAccountSubscribed") }
            let first = try await node.post("first")
            try await waitUntil("the receipt is written") { try await node.receipt(of: first).written == 2 }
            #expect(try await node.receipt(of: first).online == 2)
            #expect(try await node.receipt(of: first).lagging == 0)
            #expect(try await node.receipt(of: first).lastWriteMilliseconds == 0)

            slow.stopReading()
            var keys: [MessageKey] = []
            for number in 0..<60 {
                keys.append(try await node.post("\(number) " + String(repeating: "x", count: 10_000)))
            }
            try await waitUntil("the last one's receipt is written") {
                try await node.receipt(of: keys[59]).lagging == 1
            }
            #expect(try await node.receipt(of: keys[59]).online == 2)
            #expect(try await node.receipt(of: keys[59]).written == 1)
            var waiting: MessageKey?
            for key in keys where try await node.receipt(of: key).written + node.receipt(of: key).lagging == 1 {
                waiting = key
            }
            let queued = try #require(waiting, "no post waits in the session's queue")

            node.installation.clock.advance(milliseconds: 1500)
            slow.resumeReading()
            _ = try await slow.next("onLagging")
            try await waitUntil("what waited is written") { try await node.receipt(of: queued).written == 2 }
            #expect(try await node.receipt(of: queued).lastWriteMilliseconds == 1500)

            try await quick.call(
                "markMessageAsRead",
                ["Official_Account": .string("@TOA#_news"), "MsgSeq": .integer(keys[59].seq)]
            )
            #expect(try await node.receipt(of: keys[59]).read == 1)
            try await metricsAre(metrics, node)
            for client in [slow, quick] { try await client.close() }
            try await waitUntil("nobody is there") {
                try metrics.expectGauge("rostrum_sessions", [("platform", "Web")]).lastValue == 0
            }
        }
    }

    /// What `/metrics` says in the midst of it.
    private func metricsAre(_ metrics: TestMetrics, _ node: LiveNode) async throws {
        for platform in ["Web", "iOS"] {
            #expect(try metrics.expectGauge("rostrum_sessions", [("platform", platform)]).lastValue == 1)
        }
        #expect(metrics.totalValue("rostrum_logins", [("code", "0")]) == 2)
        #expect(metrics.totalValue("rostrum_deliveries", [("result", "written")]) > 61)
        #expect(metrics.totalValue("rostrum_deliveries", [("result", "lagging")]) > 0)
        #expect(try metrics.expectTimer("rostrum_delivery_last_write").values.contains(1_500_000_000))
        let read = [("method", "markMessageAsRead"), ("code", "0")]
        #expect(metrics.totalValue("rostrum_session_requests", read) == 1)
        await #expect(throws: RawWebSocket.Refused.self) {
            try await LiveClient.connect(port: node.port, to: LiveNode.target("anna", token: "nonsense"))
        }
        #expect(metrics.totalValue("rostrum_logins", [("code", "70003")]) == 1)
        let chen = try await node.login("chen")
        chen.send(.binary([0]))
        _ = try await chen.end()
        #expect(metrics.totalValue("rostrum_session_ends", [("code", "1003")]) == 1)
    }
}

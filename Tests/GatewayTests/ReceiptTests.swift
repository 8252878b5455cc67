import Chat
import ChatProtocol
import Database
import EventBus
import Gateway
import MetricsTestKit
import RostrumTesting
import Testing

/// What the gateway reports to the receipts of broadcasts, in the less usual ways of delivery.
@Suite(.timeLimit(.minutes(5))) struct ReceiptTests {
    @Test("what could not be written to a receipt is written later, and once")
    func writtenLater() async throws {
        let metrics = TestMetrics()
        let bus = InProcessEventBus()
        var options = LiveNode.Options()
        (options.metrics, options.bus) = (metrics, bus)
        /// Fails from the moment of the first post, before the gateway has heard of it.
        func failing(_ database: any Database) -> FaultyDatabase {
            let faulty = FaultyDatabase(database)
            bus.listen { event in
                guard case .channel(let event) = event, event.notification?.kind == .message else { return }
                faulty.fail(with: DatabaseError(.unavailable, "the test says so"))
            }
            return faulty
        }
        try await StorageEngine.sqlite.withLiveNode(over: failing, options) { node, faulty in
            try await node.createChannel()
            let anna = try await node.login("anna")
            try await node.subscribe("anna")
            _ = try await anna.next("onOfficialAccountSubscribed")

            let key = try await node.post("first")
            _ = try await anna.next("onRecvNewMessage")
            try await waitUntil("the receipt was tried to be written twice") { faulty.refusedWrites >= 2 }
            faulty.fail(with: nil)

            try await waitUntil("the receipt is written") { try await node.receipt(of: key).written > 0 }
            let receipt = try await node.receipt(of: key)
            #expect((receipt.online, receipt.written, receipt.lagging) == (1, 1, 0))
            #expect(metrics.totalValue("rostrum_deliveries", [("result", "written")]) == 1)
        }
    }

    @Test("what may have been written to a receipt is not written again")
    func notTwice() async throws {
        let bus = InProcessEventBus()
        var options = LiveNode.Options()
        options.bus = bus
        try await StorageEngine.sqlite.withLiveNode(over: FaultyDatabase.init, options) { node, faulty in
            try await node.createChannel()
            let anna = try await node.login("anna")
            try await node.subscribe("anna")
            _ = try await anna.next("onOfficialAccountSubscribed")
            bus.listen { event in
                guard case .channel(let event) = event, event.position.messageSeq == 1 else { return }
                faulty.fail(with: DatabaseError(.uncertain, "the test says so"))
            }

            let first = try await node.post("first")
            _ = try await anna.next("onRecvNewMessage")
            try await waitUntil("the receipt was tried to be written") { faulty.refusedWrites >= 1 }
            faulty.fail(with: nil)
            let second = try await node.post("second")
            _ = try await anna.next("onRecvNewMessage")

            try await waitUntil("the next receipt is written") { try await node.receipt(of: second).written == 1 }
            #expect(try await node.receipt(of: first).written == 0)
            #expect(faulty.refusedWrites == 1)
        }
    }

    @Test("a post that came while the session waited for an answer, and was brought after it, counts as written")
    func brought() async throws {
        var options = LiveNode.Options()
        options.comparisonInterval = .seconds(3600)
        options.reconciliationInterval = .seconds(3600)
        try await StorageEngine.sqlite.withLiveNode(over: HeldReads.init, options) { node, reads in
            try await node.createChannel()
            let anna = try await node.login("anna")
            try await node.subscribe("anna")
            let epoch = try await anna.next("onOfficialAccountSubscribed")["Epoch"] ?? .null
            // Her room has read what it needs.
            try await node.post("first")
            _ = try await anna.next("onRecvNewMessage")
            let application = try await node.installation.application()
            let read = reads.holdNext()
            defer { read.goOn() }
            let position: JSONObject = ["Epoch": epoch, "MsgSeq": .integer(1), "EventSeq": .integer(1)]
            anna.send("resume", ["@TOA#_news": .object(position)])
            await read.waitUntilBegun()
            let key = try await node.post("second", for: node.call(with: application))
            node.installation.clock.advance(milliseconds: 1500)
            read.goOn()
            _ = try await anna.next("onRecvNewMessage")

            try await waitUntil("the receipt is whole") {
                let receipt = try await node.receipt(of: key)
                return receipt.online == 1 && receipt.written == 1
            }
            #expect(try await node.receipt(of: key).lastWriteMilliseconds == 1500)
        }
    }

    /// With two event loops hers has nobody else in the room.
    @Test(
        "posts from before a session opened are brought to it and counted for those who were there",
        arguments: [1, 2]
    )
    func broughtAtTheOpening(loops: Int) async throws {
        var options = LiveNode.Options()
        options.loops = loops
        try await StorageEngine.sqlite.withLiveNode(options) { node in
            try await node.createChannel()
            try await node.login("anna").close()
            let boris = try await node.login("boris")
            try await node.subscribe("anna", "boris")
            _ = try await boris.next("onOfficialAccountSubscribed")
            node.interlude.set {
                // Several at once, for a client waits for 10 s only.
                try await withThrowingTaskGroup { group in
                    for _ in 0..<8 {
                        group.addTask {
                            for _ in 0..<5 { try await node.post(String(repeating: "x", count: 11_000)) }
                        }
                    }
                    try await group.waitForAll()
                }
                try await waitUntil("boris has them") { boris.notifications("onRecvNewMessage").count == 40 }
            }
            // Nothing is read from this one unless it is asked for.
            let anna = try await RawWebSocket(
                port: node.port,
                LiveNode.target("anna", token: node.token(of: "anna")),
                receiveBuffer: 4096
            )
            // The session opens a moment after the answer to the upgrade: a post in between would never count her.
            var first = try await anna.next()
            while first == .ping() { first = try await anna.next() }
            #expect(first.text.contains("onRecvNewMessage"), "\(first.opcode): \(first.text.prefix(200))")
            // There was no room for all of it, so she is behind.
            try await waitUntil("she is brought what there is room for") {
                let key = try await node.post("is she behind?")
                try await waitUntil("its receipt is written") { try await node.receipt(of: key).online == 2 }
                return try await node.receipt(of: key).lagging == 1
            }
            var brought = 1
            while case let text = try await anna.next().text, !text.contains("onLagging") {
                if text.contains("onRecvNewMessage") { brought += 1 }
            }
            #expect((1..<40).contains(brought))

            let last = try await node.post("the last")
            try await waitUntil("its receipt is written") { try await node.receipt(of: last).written == 2 }
            for post in boris.notifications("onRecvNewMessage").prefix(40) {
                let key = try #require(post["MsgKey"]?.text.flatMap(MessageKey.init))
                let receipt = try await node.receipt(of: key)
                #expect((receipt.online, receipt.written, receipt.lagging) == (1, 1, 0))
            }
        }
    }
}

import Chat
import ChatProtocol
import EventBus
import Gateway
import RostrumTesting
import Testing

/// What comparing the rooms with the storage makes good, and what it leaves alone.
@Suite(.timeLimit(.minutes(5))) struct ComparisonTests {
    /// An event may be on its way for longer than this test takes.
    private var patient: LiveNode.Options {
        var options = LiveNode.Options()
        options.deliveryTime = .seconds(4)
        return options
    }

    /// Sends two posts on a node that nobody hears, when the serving node's next comparison has begun and sees them.
    ///
    /// - Returns: what would be heard of them.
    private func postUnheard(beside node: LiveNode, _ reads: HeldReads) async throws -> [Event] {
        let silent = node.installation.anotherNode()
        let log = EventLog()
        silent.bus.listen(log.hear)
        let held = reads.holdNext(seesLater: true)
        await held.waitUntilBegun()
        defer { held.goOn() }
        for (number, text) in [(101, "once"), (102, "kept")] as [(Int64, String)] {
            var post = NewBroadcast(channel: .news, random: number, body: .text(text))
            post.isOnlineOnly = number == 101
            _ = try await silent.broadcasts.send(post, for: silent.call())
        }
        return log.events.filter { if case .channel = $0 { true } else { false } }
    }

    /// A subscriber who has got the first post, so that the room has begun.
    private func follower(of node: LiveNode) async throws -> LiveClient {
        try await node.createChannel()
        let anna = try await node.login("anna")
        try await node.subscribe("anna")
        try await node.post("first")
        _ = try await anna.next("onRecvNewMessage")
        return anna
    }

    @Test("an event that comes a moment after the comparison that missed it is heard, and is no post that was lost")
    func underWay() async throws {
        try await StorageEngine.sqlite.withLiveNode(over: HeldReads.init, patient) { node, reads in
            let anna = try await follower(of: node)

            let events = try await postUnheard(beside: node, reads)
            // Many comparisons, each of which sees that something is missing.
            try await Task.sleep(for: .milliseconds(500))
            #expect(anna.notifications("onRecvNewMessage").count == 1)
            for event in events { node.systems.bus.publish(event) }

            let texts = [try await anna.next("onRecvNewMessage"), try await anna.next("onRecvNewMessage")]
            #expect(texts.map(\.messageText) == ["once", "kept"])
        }
    }

    @Test("what does not come is read at the second look")
    func lost() async throws {
        var options = LiveNode.Options()
        options.deliveryTime = .milliseconds(100)
        try await StorageEngine.sqlite.withLiveNode(over: HeldReads.init, options) { node, reads in
            let anna = try await follower(of: node)

            _ = try await postUnheard(beside: node, reads)

            #expect(try await anna.next("onRecvNewMessage", within: .seconds(5)).messageText == "kept")
            #expect(anna.notifications("onRecvNewMessage").compactMap { $0.number("EventSeq") } == [1, 3])
        }
    }

    @Test("an online-only post that comes after what follows it was read is not passed over")
    func onlineOnlyUnderWay() async throws {
        try await StorageEngine.sqlite.withLiveNode(over: HeldReads.init, patient) { node, reads in
            let anna = try await follower(of: node)
            let events = try await postUnheard(beside: node, reads)

            // The room misses what is before it, and reads.
            node.systems.bus.publish(events[1])
            try await Task.sleep(for: .milliseconds(300))
            #expect(anna.notifications("onRecvNewMessage").count == 1)
            node.systems.bus.publish(events[0])

            let texts = [try await anna.next("onRecvNewMessage"), try await anna.next("onRecvNewMessage")]
            #expect(texts.map(\.messageText) == ["once", "kept"])
        }
    }

    @Test("who subscribes is told nothing of before, also when this node has not heard of it yet")
    func subscribedAhead() async throws {
        try await StorageEngine.sqlite.withLiveNode(over: HeldReads.init, patient) { node, reads in
            let (anna, boris) = (try await follower(of: node), try await node.login("boris"))
            let events = try await postUnheard(beside: node, reads)

            try await node.subscribe("boris")
            #expect(try await boris.next("onOfficialAccountSubscribed").number("HeadEventSeq") == 3)
            for event in events { node.systems.bus.publish(event) }
            try await node.post("next")

            #expect(try await boris.next("onRecvNewMessage").messageText == "next")
            for text in ["once", "kept", "next"] {
                #expect(try await anna.next("onRecvNewMessage").messageText == text)
            }
        }
    }

    @Test("what was lost is read for the second time within the 5 s in which the protocol promises it")
    func promise() {
        #expect(Gateway.comparisonInterval + Gateway.deliveryTime <= .milliseconds(4800))
    }
}

import Chat
import ChatProtocol
import Gateway
import MetricsTestKit
import NIOCore
import NIOHTTP1
import NIOPosix
import RostrumTesting
import Testing
import WebSockets

/// What one client, or one address, may not do to the others.
@Suite(.timeLimit(.minutes(5))) struct LimitTests {
    private static let request = #"{"jsonrpc":"2.0","method":"none"}"#

    @Test("more requests than are allowed end the session, one by one or in batches")
    func flood() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let anna = try await node.login("anna")
            for _ in 0..<1000 { anna.send(text: Self.request) }
            #expect(try await anna.end(within: .seconds(30)).code == 1008)

            let batch = "[" + Array(repeating: Self.request, count: 20).joined(separator: ",") + "]"
            let boris = try await node.login("boris")
            for _ in 0..<9 { boris.send(text: batch) }
            try await boris.call("getOfficialAccountList", within: .seconds(30))
            // Fewer than 200 texts, and many more than 200 requests.
            for _ in 0..<180 { boris.send(text: batch) }
            #expect(try await boris.end(within: .seconds(30)).code == 1008)
        }
    }

    @Test("an address has so many sessions, and another one when one has gone")
    func sessionsOfAnAddress() async throws {
        var options = LiveNode.Options()
        options.addressLimits = AddressLimits.Settings(sessions: 2, loginsPerSecond: 0)
        try await StorageEngine.sqlite.withLiveNode(options) { node in
            let first = try await node.login("anna", from: "192.0.2.1")
            _ = try await node.login("boris", from: "192.0.2.1")
            let refused = await #expect(throws: RawWebSocket.Refused.self) {
                try await node.login("chen", from: "192.0.2.1")
            }
            #expect(refused?.reply.status == 429)
            var manners = LiveClient.Manners()
            manners.headers = [("Sec-WebSocket-Protocol", "rostrum.v1")]
            let closed = try await node.login("chen", from: "192.0.2.1", manners)
            #expect(try await closed.end().code == 4429)
            _ = try await node.login("chen", from: "192.0.2.2")

            try await first.close()
            try await waitUntil("the place is free") { node.gateway.census.addresses == 2 }
            _ = try await node.login("chen", from: "192.0.2.1")
        }
    }

    @Test("an IPv6 host has a whole /64")
    func prefixes() async throws {
        var options = LiveNode.Options()
        options.addressLimits = AddressLimits.Settings(sessions: 1, loginsPerSecond: 0)
        try await StorageEngine.sqlite.withLiveNode(options) { node in
            _ = try await node.login("anna", from: "2001:db8:0:1::1")
            await #expect(throws: RawWebSocket.Refused.self) {
                try await node.login("boris", from: "2001:db8:0:1:ff::2")
            }
            _ = try await node.login("boris", from: "2001:db8:0:2::1")
        }
    }

    @Test("an address opens so many sessions in a second, after a burst of as many")
    func loginsOfAnAddress() async throws {
        let limits = AddressLimits(AddressLimits.Settings(sessions: 0, loginsPerSecond: 4))
        let start = NIODeadline.now()
        func admitted(after milliseconds: Int64, from address: String = "192.0.2.1") -> Bool {
            limits.admit(address, at: start + .milliseconds(milliseconds))
        }
        #expect((0..<6).map { _ in admitted(after: 0) } == [true, true, true, true, false, false])
        #expect(admitted(after: 0, from: "192.0.2.2"))
        #expect(!admitted(after: 200))
        #expect(admitted(after: 300))
        #expect(!admitted(after: 300))
        #expect((0..<5).map { _ in admitted(after: 5000) } == [true, true, true, true, false])
    }

    @Test("a session that is let in and never opens is forgotten", .timeLimit(.minutes(5)))
    func neverOpened() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let request = UpgradeRequest(
                uri: LiveNode.target("anna", token: node.token(of: "anna")),
                headers: [:],
                peer: "192.0.2.1",
                isSecure: false
            )
            // A loop that goes on without the node.
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let decision = try await loop.flatSubmit { node.gateway.door.decide(request, on: loop) }.get()
            guard case .accept = decision else {
                Issue.record("refused: \(decision)")
                return
            }
            #expect(node.gateway.census == Gateway.Census(sessions: 1, addresses: 1))
            try await waitUntil("it is forgotten", within: .seconds(30), every: .milliseconds(200)) {
                node.gateway.census == Gateway.Census()
            }
        }
    }

    @Test("who asks for much and does not read is not answered without end, and gets it all when he reads")
    func greedy() async throws {
        let metrics = TestMetrics()
        var options = LiveNode.Options()
        options.metrics = metrics
        try await StorageEngine.sqlite.withLiveNode(options) { node in
            try await node.createChannel()
            let anna = try await node.login("anna", Self.smallBuffer)
            let boris = try await node.login("boris")
            try await node.subscribe("anna")
            let epoch = try await anna.next("onOfficialAccountSubscribed")["Epoch"] ?? .null
            let text = String(repeating: "x", count: 11_000)
            for _ in 0..<90 { try await node.post(text) }

            anna.stopReading()
            let position: JSONValue = .object(["Epoch": epoch, "MsgSeq": .integer(0), "EventSeq": .integer(0)])
            let ids = (0..<12).map { _ in anna.send("resume", ["@TOA#_news": position]) }
            // Others are answered meanwhile; each of hers would be a megabyte.
            for _ in 0..<100 {
                try await boris.call("getOfficialAccountList")
                try await Task.sleep(for: .milliseconds(10))
            }
            let answered = try metrics.expectCounter(
                "rostrum_session_requests",
                [("method", "resume"), ("code", "0")]
            )
            #expect((1...3).contains(answered.totalValue))
            anna.resumeReading()
            let last = try await anna.answer(to: ids[11], within: .seconds(30))
            #expect(last["@TOA#_news"]?["messages"]?.items.count == 90)
        }
    }

    static var smallBuffer: LiveClient.Manners {
        var manners = LiveClient.Manners()
        manners.receiveBuffer = 4096
        return manners
    }
}

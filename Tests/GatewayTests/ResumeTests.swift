import Chat
import ChatProtocol
import EventBus
import Gateway
import RostrumTesting
import Synchronization
import Testing

/// What `resume` answers (docs/subscriber-protocol.md, "resume").
@Suite(.timeLimit(.minutes(5))) struct ResumeTests {
    private func position(_ epoch: String, _ messageSeq: Int64, _ eventSeq: Int64? = nil) -> JSONValue {
        let position: JSONObject = ["Epoch": .string(epoch), "MsgSeq": .integer(messageSeq)]
        return .object(position.setting("EventSeq", to: eventSeq.map { .integer($0) }))
    }

    /// A node where anna follows the news from the beginning.
    private func withNews(_ body: (LiveNode, LiveClient, _ epoch: String) async throws -> Void) async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            try await node.createChannel()
            let anna = try await node.login("anna")
            try await node.subscribe("anna")
            let epoch = try await anna.next("onOfficialAccountSubscribed")["Epoch"]?.text ?? ""
            try await body(node, anna, epoch)
        }
    }

    @Test("it brings what is missing, without what was recalled since")
    func missing() async throws {
        try await withNews { node, anna, epoch in
            try await node.post("first")
            let second = try await node.post("second")
            try await node.post("third")
            try await node.post("unseen") { $0.isOnlineOnly = true }
            try await node.recall(second, reason: "wrong")
            try await node.rename(.news, "Renamed")

            let result = try await anna.call("resume", ["@TOA#_news": position(epoch, 1, 1)])
            let answer = try #require(result["@TOA#_news"])
            #expect(answer["messages"]?.items.map { $0["MsgSeq"]?.integer } == [3])
            #expect(answer["revoked"]?.items.map { $0["MsgSeq"]?.integer } == [2])
            #expect(answer["infoChanged"]?["Name"]?.text == "Renamed")
            #expect(answer["MsgSeq"]?.integer == 4)
            #expect(answer["EventSeq"]?.integer == 6)
            #expect(answer["Epoch"]?.text == epoch)
            #expect(answer["more"] == nil)

            let byMessage = try await anna.call("resume", ["@TOA#_news": position(epoch, 1)])
            #expect(byMessage["@TOA#_news"] == answer)
            let nothing = try await anna.call("resume", ["@TOA#_news": position(epoch, 4, 6)])
            #expect(nothing["@TOA#_news"]?["messages"] == .array([]))
            #expect(nothing["@TOA#_news"]?["revoked"] == nil)
        }
    }

    @Test("it says reload when it cannot prove that it has everything")
    func reload() async throws {
        try await withNews { node, anna, epoch in
            try await node.post("first")
            try await node.post("second")
            func answer(_ position: JSONValue, of channel: String = "@TOA#_news") async throws -> JSONObject? {
                try await anna.call("resume", [channel: position])[channel]?.object
            }
            for wrong in [position("other", 1, 1), position(epoch, 3, 2), position(epoch, 1, 3)] {
                let reload = try #require(try await answer(wrong))
                #expect(reload["reload"] == .bool(true))
                #expect(reload.number("MsgSeq") == 2)
                #expect(reload["Epoch"]?.text == epoch)
            }
            #expect(try await answer(position(epoch, 1), of: "@TOA#_none") == ["reload": .bool(true)])
            try await node.createChannel(ChannelID("@TOA#_tides"))
            #expect(try await answer(position(epoch, 1), of: "@TOA#_tides") == ["reload": .bool(true)])

            node.installation.clock.advance(seconds: 8 * 86_400)
            let expired = try await LiveClient.connect(
                port: node.port,
                to: LiveNode.target("anna", token: node.token(of: "anna"))
            ).call("resume", ["@TOA#_news": position(epoch, 1, 1)])
            #expect(expired["@TOA#_news"]?["reload"] == .bool(true))
        }
    }

    @Test("more than 500 messages are not resumed, and 500 are")
    func tooMany() async throws {
        try await withNews { node, anna, epoch in
            for number in 1...501 { try await node.post("m\(number)") }
            let all = try await anna.call("resume", ["@TOA#_news": position(epoch, 0, 0)])
            #expect(all["@TOA#_news"]?["reload"] == .bool(true))
            let most = try await anna.call("resume", ["@TOA#_news": position(epoch, 1, 1)])
            #expect(most["@TOA#_news"]?["messages"]?.items.count == 500)
        }
    }

    @Test("an answer that is full says that there is more, and the rest follows")
    func more() async throws {
        try await withNews { node, anna, epoch in
            let text = String(repeating: "x", count: 11_000)
            for _ in 1...150 { try await node.post(text) }
            let first = try await anna.call("resume", ["@TOA#_news": position(epoch, 0, 0)])
            let answer = try #require(first["@TOA#_news"])
            #expect(answer["more"] == .bool(true))
            let reached = answer["MsgSeq"]?.integer ?? 0
            #expect((80..<100).contains(reached))
            #expect(answer["messages"]?.items.count == Int(reached))
            let second = try await anna.call(
                "resume",
                ["@TOA#_news": position(epoch, reached, answer["EventSeq"]?.integer)]
            )
            #expect(second["@TOA#_news"]?["messages"]?.items.first?["MsgSeq"]?.integer == reached + 1)
            #expect(second["@TOA#_news"]?["more"] == nil)
            #expect(second["@TOA#_news"]?["MsgSeq"]?.integer == 150)
        }
    }

    /// Carries nothing while it is told so.
    private final class FaultyBus: CompleteEventBus {
        let isCut = Atomic(false)
        private let bus = InProcessEventBus()

        func publish(_ event: Event) {
            if !isCut.load(ordering: .acquiring) { bus.publish(event) }
        }

        func listen(_ listener: @escaping @Sendable (Event) -> Void) {
            bus.listen(listener)
        }
    }

    @Test("what the user no longer follows is not followed after it, though nobody said so", arguments: [true, false])
    func unheardEnd(isDestroyed: Bool) async throws {
        let bus = FaultyBus()
        var options = LiveNode.Options()
        options.bus = bus
        options.comparisonInterval = .seconds(3600)
        try await StorageEngine.sqlite.withLiveNode(options) { node in
            try await node.createChannel()
            let anna = try await node.login("anna")
            try await node.subscribe("anna")
            let epoch = try await anna.next("onOfficialAccountSubscribed")["Epoch"]?.text ?? ""
            // The room has begun: its first look would find the end.
            try await node.post("first")
            _ = try await anna.next("onRecvNewMessage")
            bus.isCut.store(true, ordering: .releasing)
            if isDestroyed { try await node.destroy() } else { try await node.unsubscribe("anna") }
            bus.isCut.store(false, ordering: .releasing)
            #expect(node.gateway.census.rooms == 1)

            let answer = try await anna.call("resume", ["@TOA#_news": position(epoch, 0, 0)])

            #expect(answer["@TOA#_news"]?.object == ["reload": .bool(true)])
            try await waitUntil("the room is empty") { node.gateway.census.rooms == 0 }
            if !isDestroyed { try await node.post("not for her") }
            try await anna.call("getOfficialAccountList")
            #expect(anna.notifications.map(\.method) == ["onOfficialAccountSubscribed", "onRecvNewMessage"])
        }
    }

    @Test("of two requests to resume in a batch the second is refused, and live posts go on")
    func twice() async throws {
        try await withNews { node, anna, epoch in
            for number in 1...3 { try await node.post("m\(number)") }
            let requests = (100...101).map { id in
                LiveClient.request("resume", ["@TOA#_news": position(epoch, 1, 1)], id: .integer(id))
            }
            anna.send(text: "[\(requests.joined(separator: ","))]")
            try await waitUntil("the batch is answered") {
                anna.arrivals.contains { if case .other(let value) = $0 { value.items.count == 2 } else { false } }
            }
            let answers = anna.arrivals.lazy.compactMap { if case .other(let value) = $0 { value.items } else { nil } }
            #expect(answers.first?.first?["result"]?["@TOA#_news"]?["messages"]?.items.count == 2)
            #expect(answers.first?.last?["error"]?["code"]?.integer == -32600)
            try await node.post("m4")
            try await waitUntil("the last post arrives") {
                anna.notifications("onRecvNewMessage").last?.messageText == "m4"
            }
            #expect(anna.notifications("onRecvNewMessage").compactMap { $0.number("MsgSeq") } == [1, 2, 3, 4])
        }
    }
}

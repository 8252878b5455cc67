import Chat
import ChatProtocol
import NIOCore
import RostrumTesting
import Testing

/// How large answers may be, and how fast they come.
@Suite(.timeLimit(.minutes(5))) struct AnswerTests {
    private static let news: JSONObject = ["Official_Account": .string("@TOA#_news")]

    /// A subscriber of a channel whose page of history is as large as it can be: 20 posts of 12 KiB.
    private func subscriber(of node: LiveNode) async throws -> LiveClient {
        try await node.createChannel()
        let anna = try await node.login("anna")
        try await node.subscribe("anna")
        let longest = String(repeating: "x", count: 12_288 - 64)
        for _ in 0..<20 { try await node.post(longest) }
        return anna
    }

    private func length(_ value: JSONValue) -> Int { value.canonicalText.utf8.count }

    @Test("of a batch whose answer has a mebibyte the rest is refused, and not done")
    func batch() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            try await node.createChannel(ChannelID("@TOA#_other"))
            let anna = try await subscriber(of: node)
            var requests = (1...18).map {
                LiveClient.request("getHistoryMessageList", Self.news, id: .integer($0 + 1000))
            }
            let subscribe: JSONObject = ["Official_Account": .string("@TOA#_other")]
            requests.append(LiveClient.request("subscribeOfficialAccount", subscribe, id: .integer(1019)))
            requests.append(LiveClient.request("unsubscribeOfficialAccount", Self.news))
            anna.send(text: "[" + requests.joined(separator: ",") + "]")
            var whole: JSONValue?
            try await waitUntil("the answer", within: .seconds(30)) {
                for case .other(let value) in anna.arrivals { whole = value }
                return whole != nil
            }

            let answers = try #require(whole?.items)
            #expect(answers.map { $0["id"]?.integer } == Array(1001...1019))
            let done = answers.prefix { $0["result"] != nil }
            // Five pages of 240 KiB are more than a mebibyte.
            #expect(done.count == 5)
            #expect(answers.dropFirst(5).map { $0["error"]?["code"]?.integer } == Array(repeating: -32000, count: 14))
            #expect(length(try #require(whole)) < 1_400_000)
            // The one without an id was not done either.
            let shown = try await anna.call("getOfficialAccountsInfo", ["OfficialAccountIdList": .array([])])
            #expect(shown["OfficialAccountInfoList"]?.items.map { $0["Official_Account"]?.text } == ["@TOA#_news"])
        }
    }

    @Test("a page is bounded by what it holds")
    func pages() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let anna = try await subscriber(of: node)
            let history = try await anna.call("getHistoryMessageList", Self.news)
            #expect(history["RspMsgList"]?.items.count == 20)
            #expect((230_000..<260_000).contains(length(history)))

            var profile = ChannelProfile.example()
            profile.customString = String(repeating: "x", count: ChannelProfile.longestCustomString)
            for number in 1...220 {
                let id = ChannelID("@TOA#_\(number)")
                let new = NewChannel.example(id: id, profile: profile)
                _ = try await node.installation.channels.create(new, for: node.installation.call())
                try await node.subscribe("anna", to: id)
            }
            let own = try await anna.call("getOfficialAccountsInfo", ["OfficialAccountIdList": .array([])])
            #expect(own["OfficialAccountInfoList"]?.items.count == 200)
            #expect(own["Next"]?.integer == 200)
            #expect((600_000..<800_000).contains(length(own)))
            let all = try await anna.call("getOfficialAccountList", ["Limit": .integer(100)])
            #expect(all["OfficialAccountInfoList"]?.items.count == 100)
            #expect(length(all) < 400_000)
        }
    }

    @Test("who asks for much gets all of it, but no faster than it may be, and small answers wait for nothing")
    func pace() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let anna = try await subscriber(of: node)
            // Each costs 14 more than a small one.
            let asked = NIODeadline.now()
            let ids = (0..<25).map { _ in anna.send("getHistoryMessageList", Self.news) }
            let last = try await anna.answer(to: ids[24])
            let taken = NIODeadline.now() - asked
            #expect(last["RspMsgList"]?.items.count == 20)
            // 24 times 14, of which 200 are free and the others 50 a second.
            #expect(taken >= .milliseconds(2_600))
            #expect(anna.ending == nil)

            let boris = try await node.login("boris")
            for _ in 0..<150 { try await boris.call("getOfficialAccountsInfo", ["OfficialAccountIdList": .array([])]) }
            #expect(boris.ending == nil)
        }
    }
}

import Chat
import ChatProtocol
import Gateway
import MetricsTestKit
import RostrumTesting
import Testing

/// Every method, as it is meant and as it is refused (docs/subscriber-protocol.md, "Methods").
@Suite(.timeLimit(.minutes(5))) struct MethodTests {
    private static let news: JSONObject = ["Official_Account": .string("@TOA#_news")]

    private func code(_ client: LiveClient, _ method: String, _ parameters: JSONObject) async throws -> Int64? {
        do {
            try await client.call(method, parameters)
            return nil
        } catch let refused as LiveClient.Refused {
            return refused.code
        }
    }

    @Test("a user subscribes, is told so on all his devices, and unsubscribes", arguments: StorageEngine.enabled)
    func subscribing(engine: StorageEngine) async throws {
        try await engine.withLiveNode { node in
            try await node.createChannel()
            try await node.post("before")
            let (phone, desk) = (try await node.login("anna"), try await node.login("anna"))

            let item = try await phone.call("subscribeOfficialAccount", Self.news)
            #expect(item["Name"]?.text == "Harbour News")
            #expect(item["HeadMsgSeq"]?.integer == 1)
            #expect(item["HeadEventSeq"]?.integer == 1)
            for client in [phone, desk] {
                let told = try await client.next("onOfficialAccountSubscribed")
                #expect(JSONValue.object(told).canonicalText == item.canonicalText)
            }
            #expect(try await code(phone, "subscribeOfficialAccount", Self.news) == 130005)
            try await node.post("after")
            for client in [phone, desk] {
                let post = try await client.next("onRecvNewMessage")
                #expect(post.messageText == "after")
                #expect(post.number("MsgSeq") == 2)
                #expect(post["Epoch"] == item["Epoch"])
                #expect(post["From_Account"]?.text == "@TOA#_news")
                #expect(post.number("OnlineOnlyFlag") == 0)
            }

            #expect(try await desk.call("unsubscribeOfficialAccount", Self.news) == .object([:]))
            for client in [phone, desk] {
                #expect(try await client.next("onOfficialAccountUnsubscribed") == Self.news)
            }
            #expect(try await code(phone, "unsubscribeOfficialAccount", Self.news) == 131003)
            try await node.post("unheard")
            try await phone.call("getOfficialAccountList")
            #expect(phone.notifications("onRecvNewMessage").count == 1)
            try await waitUntil("nobody is in a room") { node.gateway.census.rooms == 0 }
        }
    }

    @Test("subscribing is refused by a full channel and by the backend")
    func refusedSubscriptions() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let installation = node.installation
            let full = NewChannel.example(maxSubscribers: 1)
            _ = try await installation.channels.create(full, for: installation.call())
            let (anna, boris) = (try await node.login("anna"), try await node.login("boris"))
            try await anna.call("subscribeOfficialAccount", Self.news)
            #expect(try await code(boris, "subscribeOfficialAccount", Self.news) == 130006)

            try await node.createChannel(ChannelID("@TOA#_tides"))
            let tides: JSONObject = ["Official_Account": .string("@TOA#_tides")]
            try await node.setWebhooks([.beforeAddSubscriber])
            installation.backend.answer("BeforeAddSubscriber", with: .verdict(1), .verdict(120_077, "not you"))
            #expect(try await code(boris, "subscribeOfficialAccount", tides) == 10016)
            #expect(try await code(boris, "subscribeOfficialAccount", tides) == 120_077)
        }
    }

    @Test("whatever a backend refuses with counts as one code")
    func countedRefusals() async throws {
        let metrics = TestMetrics()
        var options = LiveNode.Options()
        options.metrics = metrics
        try await StorageEngine.sqlite.withLiveNode(options) { node in
            try await node.createChannel()
            try await node.setWebhooks([.beforeAddSubscriber])
            let anna = try await node.login("anna")
            let verdicts: [Int64] = [120_001, 125_000, 130_000]
            for verdict in verdicts {
                node.installation.backend.answer("BeforeAddSubscriber", with: .verdict(verdict))
                #expect(try await code(anna, "subscribeOfficialAccount", Self.news) == verdict)
            }

            func count(_ code: String) -> Int64 {
                let dimensions = [("method", "subscribeOfficialAccount"), ("code", code)]
                return metrics.totalValue("rostrum_session_requests", dimensions)
            }
            #expect(count("webhook") == 3)
            #expect(verdicts.allSatisfy { count("\($0)") == 0 })
        }
    }

    @Test("a user's own subscription is asked about and told of with his platform and address")
    func webhooks() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            try await node.createChannel()
            try await node.setWebhooks([.beforeAddSubscriber, .afterAddSubscriber])
            let anna = try await node.login("anna", platform: "ipad", from: "198.51.100.7")
            try await anna.call("subscribeOfficialAccount", Self.news)

            let asked = try #require(node.installation.backend.posts.last)
            #expect(asked.event == "BeforeAddSubscriber")
            #expect(asked.query.first { $0.name == "OptPlatform" }?.value == "iPad")
            #expect(asked.query.first { $0.name == "ClientIP" }?.value == "198.51.100.7")
            #expect(asked.body["Operator_Account"]?.text == "anna")

            let view = node.installation.allLeases.view
            let due = try await node.systems.deliveries.due(for: view, besides: [:], limit: 10)
            let lane = try #require(due.lanes.first)
            let told = try await node.systems.deliveries.first(10, of: lane.lane, of: .example)
            #expect(told.map(\.call.platform) == [.iPad])
            #expect(told.map(\.call.clientAddress) == ["198.51.100.7"])
        }
    }

    @Test("channels are shown one by one, as subscribed ones and as pages")
    func info() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            for number in 1...3 { try await node.createChannel(ChannelID("@TOA#_c\(number)"), name: "C\(number)") }
            let anna = try await node.login("anna")
            for number in [1, 3] {
                node.installation.clock.advance(seconds: 1)
                try await node.subscribe("anna", to: ChannelID("@TOA#_c\(number)"))
            }
            let ids = ["@TOA#_c2", "@TOA#_none", "@TOA#_c1"].map { id in
                JSONValue.object(["Official_Account": .string(id)])
            }

            let shown = try await anna.call("getOfficialAccountsInfo", ["OfficialAccountIdList": .array(ids)])
            let items = shown["OfficialAccountInfoList"]?.items ?? []
            #expect(items.map { $0["ErrorCode"]?.integer } == [0, 130004, 0])
            #expect(items[0]["SelfInfo"] == nil)
            #expect(items[2]["SelfInfo"]?["MsgFlag"]?.text == "AcceptAndNotify")
            #expect(items[2]["Epoch"]?.text?.isEmpty == false)

            let own = try await anna.call("getOfficialAccountsInfo", ["OfficialAccountIdList": .array([])])
            #expect(own["OfficialAccountInfoList"]?.items.map { $0["Name"]?.text } == ["C3", "C1"])

            let page = try await anna.call("getOfficialAccountList", ["Limit": .integer(2)])
            #expect(page["OfficialAccountInfoList"]?.items.count == 2)
            #expect(page["TotalCount"]?.integer == 3)
            #expect(page["CompleteFlag"]?.integer == 0)
            #expect(page["Next"]?.integer == 2)
            let rest = try await anna.call("getOfficialAccountList", ["count": .integer(2), "offset": .integer(2)])
            #expect(rest["OfficialAccountInfoList"]?.items.count == 1)
            #expect(rest["CompleteFlag"]?.integer == 1)
            #expect(rest["Next"]?.integer == 0)
            for (last, names, isComplete) in [("@TOA#_c", ["C1", "C2"], 0), ("@TOA#_c1", ["C2", "C3"], 1)] {
                let page = try await anna.call(
                    "getOfficialAccountList",
                    ["Limit": .integer(2), "After": .string(last)]
                )
                #expect(page["OfficialAccountInfoList"]?.items.compactMap { $0["Name"]?.text } == names)
                #expect(page["TotalCount"]?.integer == 3)
                #expect(page["CompleteFlag"]?.integer == Int64(isComplete))
                #expect(page["Next"] == nil)
            }
            let farthest = try await anna.call("getOfficialAccountList", ["Offset": .integer(10_000)])
            #expect(farthest["CompleteFlag"]?.integer == 1)
        }
    }

    @Test("history begins with the subscription, reading moves on and never back")
    func reading() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            try await node.createChannel()
            try await node.post("before")
            let anna = try await node.login("anna")
            try await node.subscribe("anna")
            let second = try await node.post("second")
            try await node.post("third")
            try await node.post("fourth")
            func unread() async throws -> Int64? {
                try await anna.call("getUnreadMessageCount", Self.news)["UnreadMsgNum"]?.integer
            }
            #expect(try await unread() == 3)
            try await node.recall(second)
            #expect(try await unread() == 2)

            let history = try await anna.call("getHistoryMessageList", Self.news)
            #expect(history["RspMsgList"]?.items.map { $0["MsgSeq"]?.integer } == [3, 4])
            let page = try await anna.call(
                "getHistoryMessageList",
                Self.news.setting("ReqMsgNumber", to: .integer(1)).setting("WithRecalledMsg", to: .integer(1))
            )
            #expect(page["RspMsgList"]?.items.map { $0["MsgSeq"]?.integer } == [4])
            let older = try await anna.call(
                "getHistoryMessageList",
                Self.news.setting("LastMsgKey", to: page["LastMsgKey"]).setting("WithRecalledMsg", to: .integer(1))
            )
            #expect(older["RspMsgList"]?.items.map { $0["IsPlaceMsg"]?.integer } == [2, 0])

            try await anna.call("markMessageAsRead", Self.news.setting("MsgSeq", to: .integer(3)))
            #expect(try await unread() == 1)
            try await anna.call("markMessageAsRead", Self.news.setting("MsgSeq", to: .integer(1)))
            #expect(try await unread() == 1)
            try await anna.call("markMessageAsRead", Self.news.setting("MsgSeq", to: .integer(.max)))
            #expect(try await unread() == 0)
        }
    }

    @Test("with Discard neither posts nor recalls come, and what concerns the channel does")
    func flags() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            try await node.createChannel()
            let anna = try await node.login("anna")
            try await node.subscribe("anna")
            let first = try await node.post("first")
            _ = try await anna.next("onRecvNewMessage")
            func set(_ flag: String) async throws {
                #expect(
                    try await anna.call("setReceiveMessageOpt", Self.news.setting("MsgFlag", to: .string(flag)))
                        == .object([:])
                )
            }
            try await set("Discard")
            try await node.post("second")
            try await node.recall(first)
            try await node.rename(.news, "Renamed")
            #expect(try await anna.next("onOfficialAccountInfoChanged")["Name"]?.text == "Renamed")
            #expect(anna.notifications("onRecvNewMessage").count == 1)
            #expect(anna.notifications("onRecvMessageRevoked").isEmpty)

            try await set("AcceptNotNotify")
            try await node.post("third")
            #expect(try await anna.next("onRecvNewMessage").messageText == "third")
            let flag = Self.news.setting("MsgFlag", to: .string("Sometimes"))
            #expect(try await code(anna, "setReceiveMessageOpt", flag) == 6017)
        }
    }

    @Test("a recall, a new profile and the end of a channel are told")
    func notifications() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            try await node.createChannel()
            let anna = try await node.login("anna")
            try await node.subscribe("anna")
            let item = try await anna.next("onOfficialAccountSubscribed")
            let key = try await node.post("wrong")
            try await node.recall(key, reason: "a mistake")
            try await node.rename(.news, "Renamed")
            try await node.destroy()

            let recall = try await anna.next("onRecvMessageRevoked")
            #expect(recall["MsgKey"]?.text == key.rawValue)
            #expect(recall["Reason"]?.text == "a mistake")
            #expect(recall.number("EventSeq") == 2)
            #expect(try await anna.next("onOfficialAccountInfoChanged").number("EventSeq") == 3)
            let deleted = try await anna.next("onOfficialAccountDeleted")
            #expect(deleted["Epoch"] == item["Epoch"])
            #expect(deleted.number("EventSeq") == 4)
            try await waitUntil("nobody is in a room") { node.gateway.census.rooms == 0 }
        }
    }

    @Test("each method refuses a channel that is none, one that is not there, and one that is not followed")
    func refusals() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            try await node.createChannel()
            let anna = try await node.login("anna")
            let more: JSONObject = ["MsgFlag": .string("Discard"), "MsgSeq": .integer(1)]
            func parameters(_ id: JSONValue?) -> JSONObject { more.setting("Official_Account", to: id) }
            let methods = [
                "subscribeOfficialAccount", "unsubscribeOfficialAccount", "setReceiveMessageOpt",
                "getHistoryMessageList",
                "markMessageAsRead", "getUnreadMessageCount",
            ]
            for method in methods {
                #expect(try await code(anna, method, parameters(.string("news"))) == 130007, "\(method)")
                #expect(try await code(anna, method, parameters(.string("@TOA#_none"))) == 130004, "\(method)")
                #expect(try await code(anna, method, parameters(.integer(1))) == -32602, "\(method)")
                #expect(try await code(anna, method, parameters(nil)) == -32602, "\(method)")
                guard method != "subscribeOfficialAccount" else { continue }
                #expect(try await code(anna, method, parameters(.string("@TOA#_news"))) == 131003, "\(method)")
            }
            let many = JSONValue.array((0..<51).map { _ in .object(Self.news) })
            let wrong: [(String, JSONObject)] = [
                ("getOfficialAccountsInfo", [:]), ("getOfficialAccountsInfo", ["OfficialAccountIdList": many]),
                ("getOfficialAccountsInfo", ["OfficialAccountIdList": .array([.integer(1)])]),
                ("getOfficialAccountList", ["Limit": .integer(101)]),
                ("getOfficialAccountList", ["Offset": .integer(-1)]),
                ("getOfficialAccountList", ["Offset": .integer(10_001)]),
                ("getOfficialAccountList", ["Offset": .integer(1), "After": .string("@TOA#_news")]),
                ("getOfficialAccountList", ["After": .integer(1)]),
                ("markMessageAsRead", Self.news.setting("MsgSeq", to: .string("1"))),
                ("getHistoryMessageList", Self.news.setting("LastMsgKey", to: .string("key"))),
                ("resume", ["@TOA#_news": .integer(1)]),
                ("resume", ["@TOA#_news": .object(["MsgSeq": .integer(1)])]),
                ("resume", ["@TOA#_news": .object(["Epoch": .string("a"), "MsgSeq": .integer(-1)])]),
            ]
            for (method, parameters) in wrong {
                #expect(try await code(anna, method, parameters) == -32602, "\(method) \(parameters)")
            }
            #expect(try await code(anna, "resume", ["news": .object([:])]) == 130007)
            #expect(try await code(anna, "getOfficialAccountList", ["After": .string("news")]) == 130007)
            #expect(try await code(anna, "logout", [:]) == -32601)
        }
    }
}

extension LiveNode {
    /// Switches webhooks on.
    func setWebhooks(_ commands: Set<WebhookCommand>) async throws {
        var change = ApplicationChange()
        change.webhooks.url = .some(WebhookURL(rawValue: "https://backend.example.net/hook"))
        change.webhooks.commands = commands
        _ = try await installation.applications.update(.example, change, by: installation.operation())
    }
}

import Chat
import ChatProtocol
import Crypto
import Database
import RostrumTesting
import Testing

/// The backend is told what happened (spec/webhooks-official-channels.md 3.2 to 3.11, design section 5).
@Suite struct AfterWebhookTests {
    static let after = Set(WebhookCommand.allCases.filter { !$0.isBefore })

    /// "After" webhooks on, and accounts.
    private func prepare(
        _ installation: TestInstallation,
        _ commands: Set<WebhookCommand> = after
    ) async throws {
        try await installation.liftBroadcastLimits()
        try await installation.importAccounts("anna", "bob", "carl", "dora")
        try await installation.setWebhooks(commands)
    }

    /// The bodies that wait for a channel, as objects.
    private func bodies(_ installation: TestInstallation) async throws -> [String] {
        try await installation.waiting().map { String(decoding: $0.call.body, as: UTF8.self) }
    }

    // Bodies, in the order of events.

    @Test(
        "every event of a channel's life is told in its lane, in order, with the documented body",
        arguments: StorageEngine.enabled
    )
    func life(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            let clock = installation.clock
            func step(_ body: () async throws -> Void) async throws {
                try await body()
                clock.advance(milliseconds: 1001)
            }

            try await step {
                _ = try await installation.createChannel(.example(owner: UserID("dora"), maxSubscribers: 2))
            }
            try await step {
                var change = ChannelChange()
                (change.organization, change.customString) = ("Port", "{}")
                (change.introduction, change.faceURL) = ("", "f.png")
                try await installation.channels.modify(.news, change, for: installation.call(as: UserID("dora")))
            }
            try await step {
                try await installation.channels.modify(.news, .example(maxSubscribers: 2), for: installation.call())
            }
            try await step { _ = try await installation.subscribe("carl", "nobody", "anna", "bob") }
            try await step { _ = try await installation.unsubscribe("anna", "bob") }
            try await step { _ = try await installation.send(.example("a", cloudCustomData: "{}")) }
            try await step { _ = try await installation.send(.example("b").with { $0.isOnlineOnly = true }) }
            try await step { _ = try await installation.recall("1_1_1767225605", "9_1_9") }
            try await step { try await installation.channels.destroy(.news, for: installation.call()) }

            let own = #""Official_Account":"@TOA#_news""#
            func head(_ event: String) -> String { #"{"CallbackCommand":"OfficialAccount.Callback\#(event)",\#(own)"# }
            func tail(_ step: Int64) -> String { #","EventTime":\#(ManualClock.start.milliseconds + step * 1001)}"# }
            let text = #""MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a"}}]"#
            let expected = [
                head("AfterCreateOfficialAccount")
                    + #","Operator_Account":"administrator","Owner_Account":"dora","Name":"Harbour News""# + tail(0),
                head("AfterOfficialAccountInfoChanged")
                    + #","Operator_Account":"dora","Introduction":"","FaceUrl":"f.png","Organization":"Port""#
                    + tail(1),
                head("AfterOfficialAccountInfoChanged") + #","Operator_Account":"administrator""# + tail(2),
                head("AfterAddSubscriber") + #","Operator_Account":"administrator","#
                    + #""SubscribeAccountList":[{"Subscriber_Account":"carl"},{"Subscriber_Account":"anna"}]"#
                    + tail(3),
                head("AfterOfficialAccountFull") + tail(3),
                head("AfterDeleteSubscriber") + #","Operator_Account":"administrator","#
                    + #""SubscribeAccountList":[{"Subscriber_Account":"anna"}]"# + tail(4),
                head("AfterSendMsg") + #","MsgKey":"1_1_1767225605","MsgTime":1767225605,"OnlineOnlyFlag":0,"#
                    + text + #","CloudCustomData":"{}""# + tail(5),
                head("AfterSendMsg") + #","MsgKey":"2_1_1767225606","MsgTime":1767225606,"OnlineOnlyFlag":1,"#
                    + text.replacing(#""a""#, with: #""b""#) + #","CloudCustomData":"""# + tail(6),
                head("AfterMsgWithDraw") + #","WithdrawMsgList":[{"MsgKey":"1_1_1767225605"}]"# + tail(7),
                head("AfterOfficialAccountDestroyed") + #","Owner_Account":"dora","Name":"Harbour News""# + tail(8),
            ]
            let told = try await bodies(installation)
            #expect(told == expected)
            let waiting = try await installation.waiting()
            #expect(waiting.map(\.number) == Array(1...10))
            #expect(Set(waiting.map(\.call.delivery)).count == 10)
        }
    }

    @Test("a broadcast is told as it was sent, at the moment when it was", arguments: StorageEngine.enabled)
    func sentAsReplaced(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation, [.beforeSend, .afterSend])
            _ = try await installation.createChannel()
            installation.backend.answer("BeforeSendMsg", with: .verdict(0, more: #","CloudCustomData":"new""#))

            _ = try await installation.send(.example("a", cloudCustomData: "old"))

            let body = JSONValue(try #require(try await bodies(installation).first))
            #expect(body["CloudCustomData"]?.text == "new")
        }
    }

    // The full channel.

    @Test("that a channel is full is told once, and again only after it was not", arguments: StorageEngine.enabled)
    func full(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation, [.afterFull])
            _ = try await installation.createChannel(.example(maxSubscribers: 2))
            func told() async throws -> Int { try await installation.waitingEvents().count }

            _ = try await installation.subscribe("anna")
            #expect(try await told() == 0)
            _ = try await installation.subscribe("bob", "carl")
            #expect(try await told() == 1)
            _ = await refusal { try await installation.subscribe("carl") }
            _ = try await installation.subscribe("anna", "dora")
            #expect(try await told() == 1, "it was full already")
            _ = try await installation.unsubscribe("anna")
            #expect(try await told() == 1)
            _ = try await installation.subscribe("anna")
            #expect(try await told() == 2)
        }
    }

    @Test("a limit that is lowered or raised tells nothing by itself", arguments: StorageEngine.enabled)
    func fullByChange(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation, [.afterFull])
            _ = try await installation.createChannel()
            _ = try await installation.subscribe("anna", "bob", "carl")
            func limit(_ number: Int64) async throws {
                try await installation.channels.modify(
                    .news,
                    .example(maxSubscribers: number),
                    for: installation.call()
                )
            }

            try await limit(2)
            _ = try await installation.unsubscribe("anna")
            #expect(try await installation.waitingEvents() == [])
            try await limit(3)
            _ = try await installation.subscribe("dora")
            #expect(try await installation.waitingEvents() == ["AfterOfficialAccountFull"])
        }
    }

    // What is told of nothing.

    @Test("what changed nothing is not told", arguments: StorageEngine.enabled)
    func nothingChanged(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            _ = try await installation.createChannel(.example(maxSubscribers: 1))
            _ = try await installation.subscribe("anna")
            _ = try await installation.send(.example())
            _ = try await installation.recall("1_1_1767225600")
            let before = try await installation.count("outbox")

            _ = await refusal { try await installation.createChannel() }
            try await installation.channels.modify(.news, ChannelChange(), for: installation.call())
            _ = try await installation.subscribe("anna", "nobody")
            _ = await refusal { try await installation.subscribe("bob") }
            _ = try await installation.unsubscribe("bob", "nobody")
            _ = try await installation.send(.example())
            _ = try await installation.recall("1_1_1767225600", "9_1_9")
            try await installation.subscribers.setCustomString("x", of: "anna", in: .news, for: installation.call())
            _ = await refusal {
                try await installation.channels.destroy(ChannelID("@TOA#_other"), for: installation.call())
            }

            #expect(try await installation.count("outbox") == before)
        }
    }

    @Test("an operation that fails in the end leaves nothing to tell", arguments: StorageEngine.enabled)
    func refusedLeavesNothing(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            try await installation.setLimits([.channels: 1])
            _ = try await installation.createChannel()
            let other = ChannelID("@TOA#_other")

            // The audit's row comes after the webhook's in each transaction.
            let error = await refusal { try await installation.createChannel(.example(id: other)) }
            let taken = try await installation.call()
            _ = try await installation.subscribers.add(["anna"], to: .news, for: taken)
            let again = await refusal { try await installation.subscribers.add(["bob"], to: .news, for: taken) }

            #expect(error?.code == .channelQuotaExceeded)
            #expect(again?.storageFault == .constraint, "one request ID makes one change")
            #expect(try await installation.waitingEvents(in: other.rawValue) == [])
            #expect(try await installation.waitingEvents() == ["AfterCreateOfficialAccount", "AfterAddSubscriber"])
            #expect(try await installation.subscriberNames() == ["anna"])
        }
    }

    @Test("nothing is written when a webhook is off, or has no URL", arguments: StorageEngine.enabled, after)
    func switchedOff(engine: StorageEngine, command: WebhookCommand) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation, Self.after.subtracting([command]))
            func live() async throws {
                _ = try await installation.createChannel(.example(maxSubscribers: 1))
                try await installation.channels.modify(.news, .example(name: "New"), for: installation.call())
                _ = try await installation.subscribe("anna")
                _ = try await installation.unsubscribe("anna")
                _ = try await installation.send(.example())
                _ = try await installation.recall("1_1_1767225600")
                try await installation.channels.destroy(.news, for: installation.call())
            }

            try await live()
            let told = try await Set(installation.waiting().map(\.call.command))
            #expect(told == Set(Self.after.subtracting([command]).map(\.rawValue)))

            try await installation.setWebhooks(Self.after, url: nil)
            let before = try await installation.count("outbox")
            try await live()
            #expect(try await installation.count("outbox") == before)
        }
    }

    @Test("a broadcast that forbids it is not told", arguments: StorageEngine.enabled)
    func forbidden(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation, Set(WebhookCommand.allCases))
            _ = try await installation.createChannel()

            _ = try await installation.send(.example("a").with { $0.skipsAfterWebhook = true })
            _ = try await installation.send(.example("b"))

            #expect(installation.backend.posts.map(\.event).filter { $0 == "BeforeSendMsg" }.count == 2)
            #expect(try await installation.waitingEvents() == ["AfterCreateOfficialAccount", "AfterSendMsg"])
        }
    }

    @Test(
        "a deleted account's subscriptions are not told, as the hosted service tells of none",
        arguments: StorageEngine.enabled
    )
    func deletedAccount(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            _ = try await installation.createChannel()
            _ = try await installation.subscribe("anna")
            let before = try await installation.count("outbox")

            _ = try await installation.accounts.delete([UserID("anna")], for: installation.call())

            #expect(try await installation.count("outbox") == before)
        }
    }

    // Numbers.

    @Test(
        "numbers go on while a lane holds anything and begin again when it was drained",
        arguments: StorageEngine.enabled
    )
    func numbers(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            _ = try await installation.createChannel()
            _ = try await installation.send(.example("a"))
            let first = try await installation.waiting()
            let lane = try #require(try await installation.due().first)
            var settlement = Outbox.Settlement(of: first)
            settlement.doneUpTo = first[0].number
            try await installation.settle(settlement, of: lane)

            _ = try await installation.send(.example("b"))
            let second = try await installation.waiting()
            #expect(second.map(\.number) == [2, 3])

            try await installation.deliver()
            #expect(try await installation.count("outbox") == 0)
            #expect(try await installation.count("outbox_lanes") == 0)

            _ = try await installation.send(.example("c"))
            _ = try await installation.send(.example("d"))
            #expect(try await installation.waiting().map(\.number) == [1, 2])
            try await installation.deliver()
            let texts = installation.backend.posts.compactMap { $0.body["MsgBody"]?[0]?["MsgContent"]?["Text"]?.text }
            #expect(texts == ["b", "c", "d"] || texts == ["a", "b", "c", "d"])
            #expect(texts.suffix(3) == ["b", "c", "d"])
        }
    }

    @Test(
        "of many that change one channel at once each has a number, in the order of the changes",
        arguments: StorageEngine.enabled
    )
    func numbersAtOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation, [.afterSend])
            _ = try await installation.createChannel()

            try await withThrowingDiscardingTaskGroup { group in
                for number in 0..<40 { group.addTask { _ = try await installation.send(.example("m\(number)")) } }
            }

            let waiting = try await installation.waiting()
            let keys = waiting.map { JSONValue(String(decoding: $0.call.body, as: UTF8.self))["MsgKey"]?.text }
            #expect(waiting.map(\.number) == Array(1...40))
            #expect(keys == (1...40).map { "\($0)_1_1767225600" })
        }
    }

    // The request.

    @Test("a request is as documented: query, signature, headers, body", arguments: StorageEngine.enabled)
    func request(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation, [.afterDestroyed])
            try await installation.setWebhooks([.afterDestroyed], token: "hooktoken01")
            _ = try await installation.createChannel()
            try await installation.channels.destroy(.news, for: installation.call(from: "192.0.2.77"))
            let waiting = try #require(try await installation.waiting().first)

            try await installation.deliver()

            let post = try #require(installation.backend.posts.last)
            #expect(
                post.request.url == "https://backend.example.net/hook?SdkAppid=1400000001"
                    + "&CallbackCommand=OfficialAccount.CallbackAfterOfficialAccountDestroyed&contenttype=json"
                    + "&ClientIP=192.0.2.77&OptPlatform=RESTAPI"
                    + "&Sign=1603570bf33874d2c4ee169cfbbd357d01f98581a9fc721ea74186acbba33d6a&RequestTime=1767225600"
            )
            #expect(post.request.body == waiting.call.body)
            #expect(
                post.request.headers.map(\.name)
                    == ["Content-Type", "X-Rostrum-Delivery", "X-Rostrum-Timestamp", "X-Rostrum-Signature"]
            )
            #expect(post.header("Content-Type") == "application/json")
            #expect(post.header("X-Rostrum-Delivery") == waiting.call.delivery)
            #expect(post.header("X-Rostrum-Timestamp") == "1767225600")
            #expect(post.header("X-Rostrum-Signature") == signature(of: post, secret: "webhook secret"))
        }
    }

    @Test(
        "a retry has the same delivery id and body, and the time and signatures of its own",
        arguments: StorageEngine.enabled
    )
    func retry(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation, [.afterCreate])
            try await installation.setWebhooks([.afterCreate], token: "hooktoken01")
            _ = try await installation.createChannel()
            installation.backend.answer("AfterCreateOfficialAccount", with: .timedOut)
            try await installation.deliver()
            installation.clock.advance(seconds: 1)
            try await installation.deliver()

            let posts = installation.backend.posts
            try #require(posts.count == 2)
            #expect(posts[0].request.body == posts[1].request.body)
            #expect(posts[0].header("X-Rostrum-Delivery") == posts[1].header("X-Rostrum-Delivery"))
            #expect(posts.map { $0.header("X-Rostrum-Timestamp") } == ["1767225600", "1767225601"])
            #expect(posts[0].query.last?.value == "1767225600")
            #expect(posts[1].query.last?.value == "1767225601")
            #expect(Set(posts.map { $0.query[5].value }).count == 2)
            for post in posts {
                #expect(post.header("X-Rostrum-Signature") == signature(of: post, secret: "webhook secret"))
            }
        }
    }

    @Test("Sign is the documentation's own vector, and absent without a token", arguments: StorageEngine.enabled)
    func signVector(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation, [.afterCreate])
            _ = try await installation.createChannel()
            let call = try #require(try await installation.waiting().first).call
            var settings = WebhookSettings(secret: "webhook secret")
            let now = Timestamp(milliseconds: 1_669_872_112_999)
            #expect(call.request(of: .example, settings, at: now) == nil, "without a URL there is no request")

            settings.url = .example
            let plain = try #require(call.request(of: .example, settings, at: now))
            settings.token = "xxxxyyyy"
            let signed = try #require(call.request(of: .example, settings, at: now))

            let sign = "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061"
            #expect(signed.url == plain.url + "&Sign=\(sign)&RequestTime=1669872112")
            #expect(plain.url.hasSuffix("&OptPlatform=RESTAPI"))
            #expect(plain.headers == signed.headers)
        }
    }

    @Test(
        "the caller's address is told without the zone of an IPv6 address",
        arguments: StorageEngine.enabled,
        [("fe80::1%eth0", "fe80::1"), ("2001:db8::7", "2001:db8::7"), ("127.0.0.1", "127.0.0.1")]
    )
    func clientAddress(engine: StorageEngine, row: (address: String, told: String)) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation, [.afterCreate])
            _ = try await installation.channels.create(.example(), for: installation.call(from: row.address))

            try await installation.deliver()

            let post = try #require(installation.backend.posts.last)
            #expect(post.query.first { $0.name == "ClientIP" }?.value == row.told)
        }
    }

    @Test("events of one application are never told to another's backend", arguments: StorageEngine.enabled)
    func otherApplication(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            try await prepare(installation)
            _ = try await installation.channels.create(.example(), for: installation.call(of: .other))
            #expect(try await installation.count("outbox") == 0)

            try await installation.setWebhooks(url: WebhookURL("http://other.example.net"), of: .other)
            _ = try await installation.broadcasts.send(
                .example().with { $0.skipsBeforeWebhook = true },
                for: installation.call(of: .other)
            )
            #expect(try await installation.due() == [])
            try await installation.deliver(of: .other)

            let post = try #require(installation.backend.posts.last)
            #expect(post.request.url.hasPrefix("http://other.example.net?SdkAppid=1400000002&"))
        }
    }

    private func signature(of post: ScriptedSender.Post, secret: String) -> String {
        let parts = ["X-Rostrum-Timestamp", "X-Rostrum-Delivery"].map { post.header($0) ?? "" }
        let application = post.query.first { $0.name == "SdkAppid" }?.value ?? ""
        let signed = Array("\(parts[0]).\(parts[1]).\(application).".utf8) + post.request.body
        let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: Array(secret.utf8)))
        return "v1=" + hexadecimal(Array(code))
    }
}

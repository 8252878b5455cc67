import Chat
import ChatProtocol
import Database
import EventBus
import RostrumTesting
import Testing

/// The backend is asked before something happens (spec/webhooks-official-channels.md 3.1, 3.5, 3.9).
@Suite struct BeforeWebhookTests {
    /// An operation that asks first.
    enum Asking: String, CaseIterable, Sendable {
        case create = "BeforeCreateOfficialAccount"
        case add = "BeforeAddSubscriber"
        case send = "BeforeSendMsg"

        /// What a backend's refusal without a code of its own becomes.
        var refusal: ErrorCode { self == .create ? .creationRefused : .refusedByWebhook }

        func run(_ installation: TestInstallation) async throws {
            switch self {
            case .create: _ = try await installation.createChannel(.example(id: Self.made))
            case .add: _ = try await installation.subscribe("anna", "bob")
            case .send: _ = try await installation.send(.example(cloudCustomData: "{}"))
            }
        }

        /// The channel that ``create`` makes.
        static let made = ChannelID("@TOA#_made")
    }

    /// A channel, two accounts, and every webhook on.
    private func prepare(
        _ installation: TestInstallation,
        policy: WebhookSettings.TimeoutPolicy = .allow
    ) async throws {
        try await installation.liftBroadcastLimits()
        _ = try await installation.createChannel()
        try await installation.importAccounts("anna", "bob", "carl")
        try await installation.setWebhooks(policy: policy)
    }

    /// What stands in the storage that an operation could have changed.
    private func state(_ installation: TestInstallation) async throws -> [Int64] {
        var counts: [Int64] = []
        for table in ["channels", "subscriptions", "broadcasts", "outbox", "audit", "idempotency_keys"] {
            counts.append(try await installation.count(table))
        }
        return try await counts + installation.numbers("SELECT head_seq + subscribers FROM channels ORDER BY id")
            + [installation.channelCount()]
    }

    private func asked(_ installation: TestInstallation) -> [ScriptedSender.Post] {
        installation.backend.posts.filter { $0.event.hasPrefix("Before") }
    }

    // Verdicts.

    /// Codes, and what they become: nil goes ahead, 0 is the operation's own refusal.
    static let verdicts: [(code: Int64, outcome: Int?)] = [
        (0, nil), (1, 0), (2, 0), (3, 0), (-1, 0), (120_000, 0), (120_001, 120_001), (125_000, 125_000),
        (130_000, 130_000), (130_001, 0), (.max, 0), (.min, 0),
    ]

    @Test(
        "a verdict has its documented effect, and a refusal changes nothing",
        arguments: StorageEngine.enabled,
        Asking.allCases.flatMap { asking in verdicts.map { (asking, $0.code, $0.outcome) } }
    )
    func verdict(engine: StorageEngine, row: (asking: Asking, code: Int64, outcome: Int?)) async throws {
        // 2 drops a broadcast silently, see below.
        let isDrop = row.asking == .send && row.code == 2
        let expected = isDrop ? nil : row.outcome.map { $0 == 0 ? row.asking.refusal : ErrorCode(rawValue: $0) }
        try await engine.withInstallation { installation in
            try await prepare(installation)
            let before = try await state(installation)
            installation.backend.answer(row.asking.rawValue, with: .verdict(row.code, "no more ferries"))

            let error = await refusal { try await row.asking.run(installation) }

            #expect(error?.code == expected)
            #expect(try await (state(installation) == before) == (expected != nil))
            if let own = row.outcome, own > 0 { #expect(error?.info == "no more ferries") }
            #expect(asked(installation).map(\.event) == [row.asking.rawValue], "it is asked once")
        }
    }

    @Test("a refusal without words has some of ours", arguments: StorageEngine.enabled, Asking.allCases)
    func withoutWords(engine: StorageEngine, asking: Asking) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            for reply in [
                #"{"ErrorCode":120001}"#, #"{"ErrorCode":120001,"ErrorInfo":""}"#,
                #"{"ErrorCode":120001,"ErrorInfo":5}"#,
            ] {
                installation.backend.answer(asking.rawValue, with: .reply(reply))

                let error = await refusal { try await asking.run(installation) }

                #expect(error?.code.rawValue == 120_001)
                #expect(error?.info.isEmpty == false)
            }
        }
    }

    @Test(
        "a code is a number however it is spelt, and ActionStatus decides nothing",
        arguments: StorageEngine.enabled,
        Asking.allCases
    )
    func spelling(engine: StorageEngine, asking: Asking) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation, policy: .deny)
            installation.backend.answer(asking.rawValue, with: .reply(#" {"ActionStatus":"FAIL","ErrorCode":0.0} "#))

            #expect(await refusal { try await asking.run(installation) } == nil)
        }
    }

    // No verdict.

    static let failures: [WebhookOutcome] = [
        .timedOut, .failed("connection refused"),
        .reply(#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}"#, status: 500),
        .reply(#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}"#, status: 201),
        .reply(#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":1}"#, status: 404),
        .reply("", status: 302), .reply(""), .reply("OK"), .reply("<html></html>"), .reply("\u{0}"), .reply("0"),
        .reply("null"), .reply("[]"), .reply(#"[{"ErrorCode":0}]"#), .reply("{}"), .reply(#"{"ErrorCode":null}"#),
        .reply(#"{"ErrorCode":"0"}"#), .reply(#"{"ErrorCode":true}"#), .reply(#"{"ErrorCode":0.5}"#),
        .reply(#"{"ErrorCode":1e99}"#), .reply(#"{"ErrorCode":0"#), .reply(#"{"ErrorCode":0}}"#),
        .reply(#"{"errorcode":0}"#),
        .replied(WebhookReply(status: 200, body: [], isWhole: false)),
        .replied(WebhookReply(status: 200, body: Array(#"{"ErrorCode":0}"#.utf8), isWhole: false)),
        .replied(WebhookReply(status: 200, body: [0x7B, 0xFF, 0x7D])),
        .replied(WebhookReply(status: 200, body: Array(repeating: UInt8(ascii: "["), count: 65_536))),
    ]

    @Test(
        "without a verdict the operation goes ahead where that is the policy",
        arguments: StorageEngine.enabled,
        Asking.allCases
    )
    func allowed(engine: StorageEngine, asking: Asking) async throws {
        for failure in Self.failures {
            try await engine.withInstallation { installation in
                try await prepare(installation, policy: .allow)
                let before = try await state(installation)
                installation.backend.answer(asking.rawValue, with: failure)

                let error = await refusal { try await asking.run(installation) }

                #expect(error == nil, "\(failure)")
                #expect(try await state(installation) != before)
                let log = try await installation.deliveryLog().first
                #expect(log?.outcome.hasSuffix("; no verdict; policy allow") == true, "\(failure)")
            }
        }
    }

    @Test(
        "without a verdict it is refused with 80003 where that is the policy, and nothing changes",
        arguments: StorageEngine.enabled,
        Asking.allCases
    )
    func denied(engine: StorageEngine, asking: Asking) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation, policy: .deny)
            let before = try await state(installation)
            for failure in Self.failures {
                installation.backend.answer(asking.rawValue, with: failure)

                let error = await refusal { try await asking.run(installation) }

                #expect(error?.code == .webhookFailed, "\(failure)")
            }
            #expect(try await state(installation) == before)
            let log = try await installation.deliveryLog()
            #expect(log.count == Self.failures.count)
            #expect(log.allSatisfy { $0.outcome.hasSuffix("; no verdict; policy deny") })
        }
    }

    // What is asked.

    @Test("creating asks with the documented body", arguments: StorageEngine.enabled)
    func createBody(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            installation.clock.advance(milliseconds: 100_123)
            let new = NewChannel.example(
                id: ChannelID("@TOA#_2"),
                owner: UserID("anna"),
                profile: .example(name: "Tides")
            )

            _ = try await installation.channels.create(new, for: installation.call())

            let body = try #require(asked(installation).first).body
            let expected: JSONObject = [
                "CallbackCommand": .string("OfficialAccount.CallbackBeforeCreateOfficialAccount"),
                "Operator_Account": .string("administrator"), "Owner_Account": .string("anna"),
                "Name": .string("Tides"), "EventTime": .integer(1_767_225_700_123),
            ]
            #expect(body == expected)
        }
    }

    @Test("adding asks about those who would be added, each once, in the order given", arguments: StorageEngine.enabled)
    func addBody(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            _ = try await installation.subscribe("bob")

            let results = try await installation.subscribe("carl", "bob", "nobody", "anna", "carl", "no user ID")

            #expect(results == [.subscribed, .already, .refused, .subscribed, .already, .refused])
            let body = try #require(asked(installation).last).body
            let list = JSONValue(#"[{"Subscriber_Account":"carl"},{"Subscriber_Account":"anna"}]"#)
            let expected: JSONObject = [
                "CallbackCommand": .string("OfficialAccount.CallbackBeforeAddSubscriber"),
                "Official_Account": .string("@TOA#_news"), "Operator_Account": .string("administrator"),
                "SubscribeAccountList": list, "EventTime": .integer(ManualClock.start.milliseconds),
            ]
            #expect(body == expected)
        }
    }

    @Test("sending asks with the content", arguments: StorageEngine.enabled)
    func sendBody(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            _ = try await installation.send(.example("a", cloudCustomData: #"{"a":1}"#))
            _ = try await installation.send(.example("b").with { $0.isOnlineOnly = true })

            let bodies = asked(installation).map(\.body)
            let expected: [JSONObject] = [
                [
                    "CallbackCommand": .string("OfficialAccount.CallbackBeforeSendMsg"),
                    "Official_Account": .string("@TOA#_news"), "OnlineOnlyFlag": .integer(0),
                    "MsgBody": .array(MessageBody.example("a").elements), "CloudCustomData": .string(#"{"a":1}"#),
                    "EventTime": .integer(ManualClock.start.milliseconds),
                ],
                [
                    "CallbackCommand": .string("OfficialAccount.CallbackBeforeSendMsg"),
                    "Official_Account": .string("@TOA#_news"), "OnlineOnlyFlag": .integer(1),
                    "MsgBody": .array(MessageBody.example("b").elements), "CloudCustomData": .string(""),
                    "EventTime": .integer(ManualClock.start.milliseconds),
                ],
            ]
            #expect(bodies == expected)
        }
    }

    // When nobody is asked.

    @Test("a webhook that is off, or has no URL, is not asked", arguments: StorageEngine.enabled, Asking.allCases)
    func switchedOff(engine: StorageEngine, asking: Asking) async throws {
        try await engine.withInstallation { installation in
            installation.backend.answerAll(with: .verdict(1))
            try await prepare(installation)
            let own = WebhookCommand(rawValue: "OfficialAccount.Callback\(asking.rawValue)")
            try await installation.setWebhooks(Set(WebhookCommand.allCases.filter { $0 != own }))
            try await asking.run(installation)
            #expect(asked(installation).isEmpty)

            try await installation.setWebhooks(url: nil)
            _ = try await installation.unsubscribe("anna", "bob")
            try await installation.channels.destroy(
                asking == .create ? Asking.made : .news,
                for: installation.call()
            )
            if asking != .create { _ = try await installation.createChannel() }
            try await asking.run(installation)
            #expect(installation.backend.posts.isEmpty)
        }
    }

    @Test("a broadcast that forbids it is not asked about", arguments: StorageEngine.enabled)
    func forbidden(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            installation.backend.answerAll(with: .verdict(1))
            try await prepare(installation)

            _ = try await installation.send(.example().with { $0.skipsBeforeWebhook = true })

            #expect(installation.backend.posts.isEmpty)
            #expect(try await installation.waitingEvents() == ["AfterSendMsg"])
        }
    }

    @Test("what is refused anyway, or done already, is not asked about", arguments: StorageEngine.enabled)
    func needless(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            _ = try await installation.subscribe("carl")
            _ = try await installation.send(.example("first"))
            try await installation.setLimits([.broadcastsPerHour: 1])
            let asked = asked(installation).count
            let other = ChannelID("@TOA#_other")

            let codes: [ErrorCode?] = [
                await refusal { try await installation.createChannel() }?.code,
                await refusal {
                    try await installation.createChannel(.example(id: other, owner: UserID("nobody")))
                }?.code,
                await refusal {
                    try await installation.createChannel(.example(id: other, maxSubscribers: 10_000_001))
                }?.code,
                await refusal {
                    try await installation.createChannel(.example(id: ChannelID("@TOA#_@TOA#1")))
                }?.code,
                await refusal { try await installation.subscribe(["anna"], to: other) }?.code,
                await refusal { try await installation.subscribe("carl", "nobody") }?.code,
                await refusal { try await installation.send(.example(to: other)) }?.code,
                await refusal { try await installation.send(.example("first")) }?.code,
                await refusal { try await installation.send(.example("second")) }?.code,
                await refusal { try await installation.send(.example(String(repeating: "x", count: 12_288))) }?.code,
            ]

            #expect(
                codes == [
                    .channelIDTaken, .accountNotImported, .parameterInvalid, .channelIDInvalid, .channelNotFound, nil,
                    .channelNotFound, nil, .broadcastFrequencyExceeded, .messageTooLong,
                ]
            )
            #expect(self.asked(installation).count == asked)
        }
    }

    @Test("without the channel service nobody is asked", arguments: StorageEngine.enabled, Asking.allCases)
    func serviceOff(engine: StorageEngine, asking: Asking) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            var change = ApplicationChange()
            change.channelServiceIsEnabled = false
            _ = try await installation.applications.update(.example, change, by: installation.operation())

            #expect(await refusal { try await asking.run(installation) }?.code == .channelServiceDisabled)
            #expect(installation.backend.posts.isEmpty)
        }
    }

    @Test(
        "an idempotent retry asks nobody, and another request under its key neither",
        arguments: StorageEngine.enabled
    )
    func idempotent(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            let (channels, broadcasts, subscribers) = (
                installation.channels, installation.broadcasts, installation.subscribers
            )
            func call(_ name: String, _ request: String = "request") async throws -> Call {
                try await installation.call(idempotencyKey: .example(name, request: request))
            }
            func runAll(_ request: String = "request") async throws -> [ErrorCode?] {
                let (one, two, three) = try await (call("1", request), call("2", request), call("3", request))
                return [
                    await refusal { try await channels.create(.example(id: Asking.made), for: one) }?.code,
                    await refusal { try await subscribers.add(["anna"], to: .news, for: two) }?.code,
                    await refusal { try await broadcasts.send(.example(), for: three) }?.code,
                ]
            }

            #expect(try await runAll() == [nil, nil, nil])
            #expect(asked(installation).count == 3)
            installation.clock.advance(seconds: 400)
            installation.backend.answerAll(with: .verdict(1))
            #expect(try await runAll() == [nil, nil, nil])
            #expect(try await runAll("another") == Array(repeating: .httpParsingFailed, count: 3))
            #expect(asked(installation).count == 3)
        }
    }

    // Refused subscribers.

    @Test("single subscribers are refused while the others go on", arguments: StorageEngine.enabled)
    func refusedSubscribers(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            installation.backend.answer(
                "BeforeAddSubscriber",
                with: .verdict(0, more: #","RefusedSubscribers_Account":["bob",7,null,"nobody","no user ID","bob"]"#)
            )

            let results = try await installation.subscribe("anna", "bob", "carl", "bob")

            #expect(results == [.subscribed, .refused, .subscribed, .refused])
            #expect(try await installation.subscriberNames() == ["anna", "carl"])
            let told = try #require(try await installation.waiting().last).call.body
            #expect(!String(decoding: told, as: UTF8.self).contains("bob"))
        }
    }

    @Test("when all are refused nothing is told or recorded", arguments: StorageEngine.enabled)
    func allRefused(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            let before = try await state(installation)
            installation.backend.answer(
                "BeforeAddSubscriber",
                with: .verdict(0, more: #","RefusedSubscribers_Account":["anna","bob"]"#)
            )

            #expect(try await installation.subscribe("anna", "bob") == [.refused, .refused])
            #expect(try await state(installation) == before)
        }
    }

    @Test("a refused subscriber does not make a full channel the reason", arguments: StorageEngine.enabled)
    func refusedInFullChannel(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            _ = try await installation.subscribe("carl")
            try await installation.channels.modify(.news, .example(maxSubscribers: 1), for: installation.call())
            installation.backend.answer(
                "BeforeAddSubscriber",
                with: .verdict(0, more: #","RefusedSubscribers_Account":["bob"]"#)
            )

            #expect(try await installation.subscribe("bob") == [.refused])
            #expect(await refusal { try await installation.subscribe("bob") }?.code == .channelFull)
        }
    }

    @Test(
        "a list of refused subscribers that is none refuses nobody",
        arguments: StorageEngine.enabled,
        [#""bob""#, "null", "{}", "[]", "1"]
    )
    func refusedSubscribersMalformed(engine: StorageEngine, list: String) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            installation.backend.answer(
                "BeforeAddSubscriber",
                with: .verdict(0, more: #","RefusedSubscribers_Account":\#(list)"#)
            )

            #expect(try await installation.subscribe("anna", "bob") == [.subscribed, .subscribed])
        }
    }

    // Other content in place of the broadcast's own.

    @Test(
        "the backend puts another content in place of the broadcast's own",
        arguments: StorageEngine.enabled,
        [
            ("", "own", "own data"),
            (#","MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"new"}}]"#, "new", "own data"),
            (#","CloudCustomData":"new data""#, "own", "new data"),
            (#","CloudCustomData":"""#, "own", ""),
            (
                more:
                    #","MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"new"}}],"CloudCustomData":"new data""#,
                "new", "new data"
            ),
        ] as [(more: String, text: String, data: String)]
    )
    func replaced(engine: StorageEngine, row: (more: String, text: String, data: String)) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            installation.backend.answer("BeforeSendMsg", with: .verdict(0, more: row.more))

            let key = try await installation.send(.example("own", cloudCustomData: "own data"))

            let broadcast = try #require(try await installation.history().broadcasts.first)
            #expect(broadcast.content == .message(.example(row.text), cloudCustomData: row.data))
            let told = try #require(try await installation.waiting().last).call.body
            let body = JSONValue(String(decoding: told, as: UTF8.self))
            #expect(body["MsgBody"] == .array(MessageBody.example(row.text).elements))
            #expect(body["CloudCustomData"]?.text == row.data)

            // Who retries sends his own content again, not the backend's.
            #expect(try await installation.send(.example("own", cloudCustomData: "own data")) == key)
            #expect(asked(installation).count == 1)
        }
    }

    @Test("a replacement counts only with code 0", arguments: StorageEngine.enabled)
    func replacedAndDropped(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            let more = #","MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"new"}}]"#
            installation.backend.answer("BeforeSendMsg", with: .verdict(2, more: more), .verdict(1, more: more))

            let key = try await installation.send(.example("a"))
            let error = await refusal { try await installation.send(.example("b")) }

            #expect(key.seq == 1)
            #expect(error?.code == .refusedByWebhook)
            #expect(try await installation.history().broadcasts == [])
            #expect(try await installation.waiting().isEmpty, "nobody is told of what was dropped")
        }
    }

    @Test(
        "a replacement that breaks a rule is ignored, and the delivery log says so",
        arguments: StorageEngine.enabled,
        [
            #""MsgBody":[]"#, #""MsgBody":"text""#, #""MsgBody":null"#, #""MsgBody":{}"#, #""MsgBody":[1]"#,
            #""MsgBody":[{"MsgType":"TIMUnknownElem","MsgContent":{}}]"#,
            #""MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":5}}]"#,
            #""MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"new"}}],"CloudCustomData":5"#,
            #""CloudCustomData":null"#, #""CloudCustomData":["x"]"#, #""CloudCustomData":"a\u0000b""#,
            #""CloudCustomData":"\#(String(repeating: "x", count: 12_288))""#,
            #""MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"\#(String(repeating: "x", count: 12_288))"}}]"#,
        ]
    )
    func badReplacement(engine: StorageEngine, fields: String) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            installation.backend.answer("BeforeSendMsg", with: .verdict(0, more: ",\(fields)"))

            _ = try await installation.send(.example("own", cloudCustomData: "own data"))

            let broadcast = try #require(try await installation.history().broadcasts.first)
            #expect(broadcast.content == .message(.example("own"), cloudCustomData: "own data"))
            let log = try await installation.deliveryLog().filter { $0.command.hasSuffix("BeforeSendMsg") }
            let remark = try #require(log.first { $0.attempt == 0 })
            #expect(log.count == 2)
            #expect(remark.outcome.hasPrefix("replacement "))
            #expect(remark.outcome.contains("sent as it was"))
            #expect(remark.channel == "@TOA#_news")
        }
    }

    @Test("a replacement may be as long as the limit", arguments: StorageEngine.enabled)
    func longestReplacement(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            let room = 12_288 - MessageBody.example("own").json.count
            for (count, isTaken) in [(room, true), (room + 1, false)] {
                let data = String(repeating: "x", count: count)
                installation.backend.answer("BeforeSendMsg", with: .verdict(0, more: #","CloudCustomData":"\#(data)""#))
                installation.clock.advance(seconds: 301)

                _ = try await installation.send(.example("own"))

                let content = try await installation.history(number: 1).broadcasts.first?.content
                #expect(content == .message(.example("own"), cloudCustomData: isTaken ? data : nil))
            }
        }
    }

    // The record.

    @Test(
        "the attempt stands in the delivery log with its status and the reply's first 256 bytes",
        arguments: StorageEngine.enabled,
        Asking.allCases
    )
    func logged(engine: StorageEngine, asking: Asking) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            let reply = #"{"ErrorCode":0,"ErrorInfo":"\#(String(repeating: "x", count: 300))"}"#
            installation.backend.answer(asking.rawValue, with: .reply(reply))

            try await asking.run(installation)

            let entry = try #require(try await installation.deliveryLog().first)
            let post = try #require(asked(installation).first)
            #expect(entry.command == "OfficialAccount.Callback\(asking.rawValue)")
            #expect(entry.channel == (asking == .create ? Asking.made : .news).rawValue)
            #expect(entry.delivery == post.header("X-Rostrum-Delivery"))
            #expect(entry.at == ManualClock.start)
            #expect(entry.attempt == 1)
            #expect(entry.outcome == "status 200; verdict 0")
            #expect(entry.status == 200)
            #expect(entry.reply == Array(reply.utf8.prefix(256)))
            #expect((0..<60_000).contains(entry.latencyMilliseconds))
        }
    }

    @Test("a refused operation's attempt is logged all the same", arguments: StorageEngine.enabled, Asking.allCases)
    func loggedWhenRefused(engine: StorageEngine, asking: Asking) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation, policy: .deny)
            installation.backend.answer(asking.rawValue, with: .verdict(120_005), .timedOut, .failed("TLS: expired"))
            for _ in 0..<3 {
                _ = await refusal { try await asking.run(installation) }
                installation.clock.advance(seconds: 1)
            }

            let log = try await installation.deliveryLog()

            #expect(
                log.map(\.outcome) == [
                    "status 200; verdict 120005", "timed out; no verdict; policy deny",
                    "TLS: expired; no verdict; policy deny",
                ]
            )
            #expect(log.map(\.status) == [200, nil, nil])
            #expect(log.map(\.reply.isEmpty) == [false, true, true])
        }
    }

    // What happens while the backend thinks.

    @Test("what changes while the backend thinks is judged again", arguments: StorageEngine.enabled)
    func meanwhile(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            let systems = installation.systems(
                sender: ActingSender {
                    installation.clock.advance(seconds: 2)
                    try await installation.channels.destroy(.news, for: installation.call())
                }
            )
            let call = try await installation.call()

            let error = await refusal { try await systems.broadcasts.send(.example(), for: call) }
            #expect(error?.code == .channelNotFound)
            #expect(try await installation.count("broadcasts") == 0)
        }
    }

    @Test("a broadcast is sent when the backend has answered, not when it was asked", arguments: StorageEngine.enabled)
    func timeOfSending(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            let systems = installation.systems(sender: ActingSender { installation.clock.advance(seconds: 2) })

            let key = try await systems.broadcasts.send(.example(), for: installation.call())

            #expect(key.seconds == ManualClock.start.seconds + 2)
        }
    }

    @Test("a place that is taken while the backend thinks is taken", arguments: StorageEngine.enabled)
    func filledMeanwhile(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await prepare(installation)
            try await installation.channels.modify(.news, .example(maxSubscribers: 1), for: installation.call())
            let call = try await installation.call()
            let systems = installation.systems(
                sender: ActingSender {
                    _ = try await installation.subscribe("bob")
                }
            )

            let error = await refusal { try await systems.subscribers.add(["anna"], to: .news, for: call) }

            #expect(error?.code == .channelFull)
            #expect(try await installation.subscriberNames() == ["bob"])
        }
    }
}

/// A backend that does something before it lets an operation pass.
private struct ActingSender: WebhookSender {
    let act: @Sendable () async throws -> Void

    func post(_ request: WebhookRequest) async -> WebhookOutcome {
        do {
            try await act()
            return .accepted
        } catch {
            return .failed("\(error)")
        }
    }
}

import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// What a user does about his own subscriptions (docs/subscriber-protocol.md).
@Suite struct OwnSubscriptionTests {
    private static let none = ChannelID("@TOA#_none")

    // Subscribing.

    @Test("a user subscribes and is shown the channel as his subscription begins", arguments: StorageEngine.enabled)
    func subscribed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.sendMany(2)
            try await installation.channels.modify(.news, .example(name: "N"), for: installation.call())
            let call = try await installation.ownCall()

            let item = try await installation.subscribers.subscribe(to: .news, for: call)

            #expect(try await installation.subscriberNames() == ["anna"])
            let channel = try await installation.channel()
            let position: JSONObject = [
                "Epoch": .string(try await installation.epoch()), "HeadMsgSeq": .integer(2),
                "HeadEventSeq": .integer(3),
            ]
            #expect(item.members == channel.item + position.members)
            #expect(item["SubscriberNum"]?.integer == 1)
            let entries = try await installation.audit().filter { $0.action == "subscribeOfficialAccount" }
            let entry = try #require(entries.first)
            #expect(entries.count == 1 && entry.target == "@TOA#_news: anna")
            #expect(entry.caller == "anna" && entry.address == call.address && entry.requestID == call.requestID)
        }
    }

    @Test("subscribing is refused with the code of its reason, and changes nothing", arguments: StorageEngine.enabled)
    func refused(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.createChannel(.example(id: ChannelID("@TOA#_full"), maxSubscribers: 1))
            _ = try await installation.subscribe(["bob"], to: ChannelID("@TOA#_full"))
            _ = try await installation.subscribe("anna")
            let before = try await installation.audit().count

            func code(_ id: ChannelID, _ user: UserID = .anna) async -> Int? {
                await refusal {
                    try await installation.subscribers.subscribe(to: id, for: installation.ownCall(user))
                }?.code.rawValue
            }
            #expect(await code(Self.none) == 130004)
            #expect(await code(.news) == 130005)
            #expect(await code(ChannelID("@TOA#_full")) == 130006)
            #expect(await code(ChannelID("@TOA#_full"), .bob) == 130005, "who is there does not mind that it is full")
            #expect(await code(.news, UserID("nobody")) == 70107)

            #expect(try await installation.audit().count == before)
            #expect(try await installation.subscriberNames() == ["anna"])
        }
    }

    @Test(
        "of many devices that subscribe at once one does, the others are told he does already",
        arguments: StorageEngine.enabled
    )
    func atOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let heard = installation.listen()

            let codes = await withTaskGroup(of: ErrorCode?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        await refusal {
                            try await installation.subscribers.subscribe(to: .news, for: installation.ownCall())
                        }?.code
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }

            #expect(codes.filter { $0 == nil }.count == 1)
            #expect(codes.filter { $0 == .alreadySubscribed }.count == 19)
            #expect(heard.subscriptionEvents.count == 1)
            #expect(try await installation.findChannel()?.subscribers == 1)
        }
    }

    // The backend.

    @Test(
        "the backend is asked about the user, and told, with his platform and address",
        arguments: StorageEngine.enabled
    )
    func webhooks(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            try await installation.setWebhooks()

            _ = try await installation.subscribers.subscribe(to: .news, for: installation.ownCall())
            try await installation.subscribers.unsubscribe(from: .news, for: installation.ownCall())
            try await installation.deliver()

            let posts = installation.backend.posts
            #expect(posts.map(\.event) == ["BeforeAddSubscriber", "AfterAddSubscriber", "AfterDeleteSubscriber"])
            for post in posts {
                #expect(post.body["Operator_Account"]?.text == "anna")
                #expect(post.body["SubscribeAccountList"] == JSONValue(#"[{"Subscriber_Account":"anna"}]"#))
                #expect(post.query.first { $0.name == "OptPlatform" }?.value == "iOS")
                #expect(post.query.first { $0.name == "ClientIP" }?.value == "198.51.100.7")
            }
        }
    }

    @Test("a subscription that fills the channel tells the backend so", arguments: StorageEngine.enabled)
    func fills(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            try await installation.channels.modify(.news, .example(maxSubscribers: 1), for: installation.call())
            try await installation.setWebhooks([.afterAddSubscriber, .afterFull])

            _ = try await installation.subscribers.subscribe(to: .news, for: installation.ownCall())

            #expect(try await installation.waitingEvents() == ["AfterAddSubscriber", "AfterOfficialAccountFull"])
        }
    }

    @Test(
        "the backend's refusal reaches the user with its code",
        arguments: StorageEngine.enabled,
        [
            (WebhookOutcome.verdict(1), 10016), (.verdict(120_500, "members only"), 120_500),
            (.verdict(0, more: #","RefusedSubscribers_Account":["anna"]"#), 10016), (.timedOut, 80003),
        ]
    )
    func refusedByBackend(engine: StorageEngine, row: (outcome: WebhookOutcome, code: Int)) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            try await installation.setWebhooks(policy: .deny)
            installation.backend.answer("BeforeAddSubscriber", with: row.outcome)
            let heard = installation.listen()

            let error = await refusal {
                try await installation.subscribers.subscribe(to: .news, for: installation.ownCall())
            }

            #expect(error?.code.rawValue == row.code)
            if row.code == 120_500 { #expect(error?.info == "members only") }
            #expect(try await installation.subscriberNames() == [])
            #expect(heard.subscriptionEvents == [] && heard.channelEvents == [])
        }
    }

    @Test("the backend is not asked about who subscribes already or is not there", arguments: StorageEngine.enabled)
    func notAsked(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.subscribe("anna")
            try await installation.setWebhooks()

            let codes = [
                await refusal { try await installation.subscribers.subscribe(to: .news, for: installation.ownCall()) },
                await refusal {
                    try await installation.subscribers.subscribe(to: .news, for: installation.ownCall(UserID("nobody")))
                },
            ].map { $0?.code.rawValue }

            #expect(codes == [130005, 70107])
            #expect(installation.backend.posts.isEmpty)
        }
    }

    // Unsubscribing.

    @Test("a user unsubscribes once", arguments: StorageEngine.enabled)
    func unsubscribed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.subscribe("anna", "bob")
            func leave(_ id: ChannelID) async -> Int? {
                await refusal {
                    try await installation.subscribers.unsubscribe(from: id, for: installation.ownCall())
                }?.code.rawValue
            }

            #expect(await leave(.news) == nil)
            #expect(await leave(.news) == 131003)
            #expect(await leave(Self.none) == 130004)

            #expect(try await installation.subscriberNames() == ["bob"])
            #expect(try await installation.findChannel()?.subscribers == 1)
            let entries = try await installation.audit().filter { $0.action == "unsubscribeOfficialAccount" }
            #expect(entries.map(\.target) == ["@TOA#_news: anna"])
        }
    }

    // The flag.

    @Test(
        "a user's flag is his own, and is audited when it changes",
        arguments: StorageEngine.enabled,
        MessageFlag.allCases
    )
    func flag(engine: StorageEngine, flag: MessageFlag) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.subscribe("anna", "bob")

            for _ in 0..<2 {
                try await installation.subscribers.setMessageFlag(flag, in: .news, for: installation.ownCall())
            }

            let flags = try await installation.subscriberPage().subscriptions.map(\.messageFlag)
            #expect(flags == [flag, .acceptAndNotify])
            let entries = try await installation.audit().filter { $0.action == "setReceiveMessageOpt" }
            #expect(entries.count == (flag == .acceptAndNotify ? 0 : 1))
        }
    }

    @Test("a flag of a subscription that is not there is refused", arguments: StorageEngine.enabled)
    func noFlag(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.subscribe("anna")
            try await installation.recreateChannel()

            let codes = [
                await refusal {
                    try await installation.subscribers.setMessageFlag(.discard, in: .news, for: installation.ownCall())
                },
                await refusal {
                    try await installation.subscribers.setMessageFlag(
                        .discard,
                        in: Self.none,
                        for: installation.ownCall()
                    )
                },
            ].map { $0?.code.rawValue }

            #expect(codes == [131003, 130004])
        }
    }
}

import Chat
import ChatProtocol
import Database
import EventBus
import RostrumTesting
import Testing

/// Changes of a channel's subscriptions are numbered, so that who hears of them from several nodes knows which is newer.
@Suite struct SubscriptionVersionTests {
    private func version(of user: UserID = .anna, _ installation: TestInstallation) async throws -> Int64? {
        try await installation.timeline.followed(by: user, of: .example)?.first?.version
    }

    private func head(_ installation: TestInstallation) async throws -> Int64 {
        try await installation.number("SELECT subscription_head FROM channels")
    }

    @Test("every kind of change takes the next number, and nothing else does", arguments: StorageEngine.enabled)
    func kinds(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let heard = installation.listen()
            let subscribers = installation.subscribers

            _ = try await installation.subscribe("anna")
            #expect(try await version(installation) == 1)
            try await subscribers.setMessageFlag(.discard, in: .news, for: installation.ownCall())
            #expect(try await version(installation) == 2)
            _ = try await installation.unsubscribe("anna")
            _ = try await subscribers.subscribe(to: .news, for: installation.ownCall())
            #expect(try await version(installation) == 4)
            _ = try await installation.subscribe("bob")
            try await subscribers.unsubscribe(from: .news, for: installation.ownCall(.bob))
            #expect(try await version(installation) == 4, "another's change leaves hers as it is")
            #expect(heard.subscriptionEvents.map(\.version) == Array(1...6))

            try await subscribers.setMessageFlag(.acceptAndNotify, in: .news, for: installation.ownCall())
            try await subscribers.setCustomString("vip", of: "anna", in: .news, for: installation.call())
            _ = try await installation.send(.example())
            try await subscribers.markRead(upTo: 1, in: .news, for: installation.ownCall())
            _ = try await installation.subscribe("anna", "nobody")
            _ = try await installation.unsubscribe("bob")
            try await installation.channels.modify(.news, .example(name: "Tides"), for: installation.call())
            #expect(try await version(installation) == 4)
            #expect(try await head(installation) == 6)
        }
    }

    @Test(
        "those who come or go in one call have one number, and their places are in its order",
        arguments: StorageEngine.enabled
    )
    func together(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel(importing: ["anna", "bob", "carl"])
            let heard = installation.listen()

            _ = try await installation.subscribe("bob", "anna")
            _ = try await installation.unsubscribe("anna", "bob")
            _ = try await installation.subscribe("carl")
            _ = try await installation.subscribe("bob", "anna")

            #expect(heard.subscriptionEvents.map(\.version) == [1, 2, 3, 4])
            #expect(try await version(of: .bob, installation) == 4)
            #expect(try await installation.subscriberNames() == ["carl", "anna", "bob"])
        }
    }

    @Test("those who come one by one, for want of room, have one number, too", arguments: StorageEngine.enabled)
    func oneByOne(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel(.example(maxSubscribers: 2))
            try await installation.importAccounts("anna", "bob", "carl")

            _ = try await installation.subscribe("anna", "bob", "carl")

            #expect(try await version(of: .anna, installation) == 1)
            #expect(try await version(of: .bob, installation) == 1)
            #expect(try await head(installation) == 1)
        }
    }

    @Test("an account that is deleted takes a number in each of its channels", arguments: StorageEngine.enabled)
    func deletedAccount(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            try await installation.prepareChannel(ChannelID("@TOA#_tides"), importing: [])
            try await installation.prepareChannel(ChannelID("@TOA#_winds"), importing: [])
            for channel in ["@TOA#_news", "@TOA#_tides"] {
                _ = try await installation.subscribe(["anna", "bob"], to: ChannelID(channel))
            }

            _ = try await installation.accounts.delete([.anna], for: installation.call())

            let heads = try await installation.numbers("SELECT subscription_head FROM channels ORDER BY id")
            #expect(heads == [2, 2, 0])
            #expect(try await version(of: .bob, installation) == 1)
        }
    }

    @Test("a number never goes back, however many change the subscriptions at once", arguments: StorageEngine.enabled)
    func concurrent(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let names = (0..<12).map { "user\($0)" }
            try await installation.prepareChannel(importing: names)
            let heard = installation.listen()

            try await withThrowingDiscardingTaskGroup { group in
                for (seed, name) in names.enumerated() {
                    group.addTask {
                        var random = SeededGenerator(seed: UInt64(seed))
                        let call = try await installation.ownCall(UserID(name))
                        for _ in 0..<15 {
                            let die = Int.random(in: 0..<4, using: &random)
                            _ = await refusal {
                                switch die {
                                case 0: try await installation.subscribers.unsubscribe(from: .news, for: call)
                                case 1:
                                    let flag = MessageFlag.allCases.randomElement(using: &random) ?? .discard
                                    try await installation.subscribers.setMessageFlag(flag, in: .news, for: call)
                                default: _ = try await installation.subscribers.subscribe(to: .news, for: call)
                                }
                            }
                        }
                    }
                }
            }

            let events = heard.subscriptionEvents
            #expect(events.map(\.version) == Array(1...Int64(events.count)))
            #expect(try await head(installation) == Int64(events.count))
            for name in names.map({ UserID($0) }) {
                let last = events.last { $0.users == [name] }
                let isSubscribed = last.map { $0.change != .unsubscribed } ?? false
                #expect(try await version(of: name, installation) == (isSubscribed ? last?.version : nil))
            }
        }
    }

    @Test("a channel that is made anew counts anew", arguments: StorageEngine.enabled)
    func incarnations(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.subscribe("anna")
            _ = try await installation.unsubscribe("anna")

            try await installation.recreateChannel()
            _ = try await installation.subscribe("anna")

            #expect(try await version(installation) == 1)
        }
    }
}

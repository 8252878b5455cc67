import Chat
import ChatProtocol
import EventBus
import RostrumTesting
import Testing

/// What nodes hear of who subscribes and who does no longer, whoever did it.
@Suite struct SubscriptionAnnouncementTests {
    @Test("those who were added are told, with the channel as it is then", arguments: StorageEngine.enabled)
    func added(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel(importing: ["anna", "bob", "carl"])
            _ = try await installation.send(.example())
            _ = try await installation.subscribe("carl")
            let heard = installation.listen()

            _ = try await installation.subscribe("bob", "nobody", "carl", "anna", "bob")

            let event = try #require(heard.subscriptionEvents.first)
            let epoch = try await installation.epoch()
            #expect(heard.subscriptionEvents.count == 1 && heard.channelEvents == [])
            #expect(event.reference == (try await installation.reference()))
            #expect(event.users == [.bob, .anna])
            guard case .subscribed(let position, _) = event.change else { throw Unexpected(change: event.change) }
            #expect(position == ChannelPosition(1, 1))
            #expect(
                event.parameters == """
                    {"Official_Account":"@TOA#_news","ErrorCode":0,"ErrorInfo":"","CreateTime":1767225600,\
                    "Name":"Harbour News","Owner_Account":"administrator","LastMsgTime":1767225600,\
                    "SubscriberNum":3,"Introduction":"Tides and ferries","FaceUrl":"https://img.example.net/h.png",\
                    "Organization":"Port of Example","CustomString":"{\\"lang\\":\\"en\\"}","Epoch":"\(epoch)",\
                    "HeadMsgSeq":1,"HeadEventSeq":1}
                    """
            )
        }
    }

    @Test(
        "a user's own subscription is told in the same way, and answered with the same item",
        arguments: StorageEngine.enabled
    )
    func own(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let heard = installation.listen()

            let item = try await installation.subscribers.subscribe(to: .news, for: installation.ownCall())

            #expect(heard.subscriptionEvents.map(\.users) == [[.anna]])
            #expect(heard.subscriptionEvents.first?.parameters == String(decoding: item.json, as: UTF8.self))
        }
    }

    @Test("those who were removed are told, by whatever way", arguments: StorageEngine.enabled)
    func removed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel(importing: ["anna", "bob", "carl"])
            _ = try await installation.subscribe("anna", "bob", "carl")
            let heard = installation.listen()

            _ = try await installation.unsubscribe("bob", "nobody", "anna", "bob")
            try await installation.subscribers.unsubscribe(from: .news, for: installation.ownCall(UserID("carl")))

            let (reference, lineage) = (try await installation.reference(), installation.systems.lineage)
            #expect(
                heard.subscriptionEvents == [
                    SubscriptionEvent(reference, [.bob, .anna], .unsubscribed, version: 2, lineage: lineage),
                    SubscriptionEvent(reference, [UserID("carl")], .unsubscribed, version: 3, lineage: lineage),
                ]
            )
        }
    }

    @Test("a changed flag is told as whether messages are wanted", arguments: StorageEngine.enabled)
    func flags(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.subscribe("anna", "bob")
            let heard = installation.listen()

            for flag in [MessageFlag.discard, .discard, .acceptNotNotify, .acceptNotNotify, .acceptAndNotify] {
                try await installation.subscribers.setMessageFlag(flag, in: .news, for: installation.ownCall())
            }

            let (reference, lineage) = (try await installation.reference(), installation.systems.lineage)
            #expect(
                heard.subscriptionEvents
                    == zip([true, false, false], Int64(2)...4).map { discards, version in
                        SubscriptionEvent(
                            reference,
                            [.anna],
                            .discarding(discards),
                            version: version,
                            lineage: lineage
                        )
                    }
            )
        }
    }

    @Test("what is refused, changes nothing or only repeats is not told", arguments: StorageEngine.enabled)
    func nothingHappened(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let adding = try await installation.call(idempotencyKey: .example("add"))
            _ = try await installation.subscribers.add(["anna"], to: .news, for: adding)
            _ = try await installation.send(.example())
            let heard = installation.listen()
            let (own, none) = (try await installation.ownCall(), ChannelID("@TOA#_none"))
            let subscribers = installation.subscribers

            _ = try await subscribers.add(["anna"], to: .news, for: adding)
            _ = try await installation.subscribe("anna", "nobody")
            _ = try await installation.unsubscribe("bob", "nobody")
            try await subscribers.markRead(upTo: 1, in: .news, for: own)
            try await subscribers.setCustomString("vip", of: "anna", in: .news, for: installation.call())
            let bob = try await installation.ownCall(.bob)
            let refusals = [
                await refusal { try await subscribers.subscribe(to: .news, for: own) },
                await refusal { try await subscribers.subscribe(to: none, for: own) },
                await refusal { try await subscribers.unsubscribe(from: .news, for: bob) },
                await refusal { try await subscribers.setMessageFlag(.discard, in: .news, for: bob) },
            ]

            #expect(refusals.map { $0?.code.rawValue } == [130005, 130004, 131003, 131003])
            #expect(heard.events == [])
        }
    }

    @Test("deleted accounts are told once they are gone, without those that stay", arguments: StorageEngine.enabled)
    func deletedAccounts(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let heard = installation.listen()
            let ids = [UserID.bob, UserID("nobody"), .administrator, .anna]

            _ = try await installation.accounts.delete(ids, for: installation.call())
            _ = try await installation.accounts.delete(ids, for: installation.call())

            let lineage = installation.systems.lineage
            #expect(heard.events == [.accountsDeleted(.example, [.bob, .anna], lineage: lineage)])
        }
    }

    private struct Unexpected: Error {
        let change: SubscriptionEvent.Change
    }
}

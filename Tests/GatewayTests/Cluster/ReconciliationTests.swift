import Chat
import ChatProtocol
import Database
import EventBus
import Gateway
import RostrumTesting
import Testing

/// What no event tells, or one that comes too late to be judged, is found in the storage.
@Suite(.timeLimit(.minutes(5))) struct ReconciliationTests {
    /// How often everybody is looked at, where it is not the point; an account that is in doubt comes in the next of 60 parts.
    private static let seldom = Duration.seconds(90)
    private static let often = Duration.seconds(2)

    @Test("a subscription that was lost is followed with its flag, and one that was lost before its end is left")
    func lostChanges() async throws {
        try await withCableCluster(reconciliationInterval: Self.often) { cluster in
            let (anna, boris) = (try await cluster.serving.login("anna"), try await cluster.serving.login("boris"))
            let annaElsewhere = try await cluster.serving.login("anna")
            try await cluster.prompt.subscribe("boris")
            _ = try await boris.next("onOfficialAccountSubscribed")

            try await cluster.losingChanges {
                try await $0.subscribe("anna")
                try await $0.setFlag(.discard, of: "anna")
                try await $0.unsubscribe("boris")
            }

            for client in [anna, annaElsewhere] {
                _ = try await client.next("onOfficialAccountSubscribed", within: .seconds(10))
            }
            _ = try await boris.next("onOfficialAccountUnsubscribed", within: .seconds(10))
            try await cluster.prompt.subscribe("boris")
            _ = try await boris.next("onOfficialAccountSubscribed")
            try await cluster.prompt.post("unwanted by one")
            _ = try await boris.next("onRecvNewMessage")
            for client in [anna, annaElsewhere] {
                try await client.catchUp()
                #expect(client.notifications("onRecvNewMessage") == [])
            }
        }
    }

    @Test("who wants the messages again, of which nothing was heard, is told to ask for them")
    func lostFlag() async throws {
        try await withCableCluster(reconciliationInterval: Self.often) { cluster in
            let anna = try await cluster.serving.login("anna")
            try await cluster.prompt.subscribe("anna")
            try await cluster.prompt.setFlag(.discard, of: "anna")
            _ = try await anna.next("onOfficialAccountSubscribed")
            try await cluster.prompt.post("one")
            try await cluster.losingChanges { try await $0.setFlag(.acceptAndNotify, of: "anna") }

            let lag = try await anna.next("onLagging", within: .seconds(10))
            #expect(lag["@TOA#_news"]?["MsgSeq"]?.integer == 1)
            try await cluster.prompt.post("two")
            #expect(try await anna.next("onRecvNewMessage").messageText == "two")
        }
    }

    @Test("what the storage said and the bus brings afterwards is told once")
    func told() async throws {
        try await withCableCluster(reconciliationInterval: Self.often) { cluster in
            let anna = try await cluster.serving.login("anna")
            try await cluster.keepingChanges { try await $0.subscribe("anna") }
            _ = try await anna.next("onOfficialAccountSubscribed", within: .seconds(10))
            cluster.cable.bringChanges()
            try await cluster.keepingChanges { try await $0.unsubscribe("anna") }
            _ = try await anna.next("onOfficialAccountUnsubscribed", within: .seconds(10))
            cluster.cable.bringChanges()
            try await anna.catchUp()

            #expect(
                anna.notifications.map(\.method) == ["onOfficialAccountSubscribed", "onOfficialAccountUnsubscribed"]
            )
        }
    }

    @Test("who logs in after he unsubscribed does not stay with the subscription before it, which comes late")
    func lateAfterLogin() async throws {
        try await withCableCluster(reconciliationInterval: Self.seldom) { cluster in
            try await cluster.serving.login("anna").close()
            try await cluster.keepingChanges { try await $0.subscribe("anna") }
            try await cluster.prompt.unsubscribe("anna")
            let anna = try await cluster.serving.login("anna")

            cluster.cable.bringChanges()

            _ = try await anna.next("onOfficialAccountSubscribed", within: .seconds(10))
            _ = try await anna.next("onOfficialAccountUnsubscribed", within: .seconds(10))
        }
    }

    @Test("a flag that comes before its subscription is in force soon after it")
    func flagFirst() async throws {
        try await withCableCluster(reconciliationInterval: Self.seldom) { cluster in
            let (anna, boris) = (try await cluster.serving.login("anna"), try await cluster.serving.login("boris"))
            try await cluster.prompt.subscribe("boris")
            try await cluster.keepingChanges { try await $0.subscribe("anna") }
            try await cluster.prompt.setFlag(.discard, of: "anna")
            cluster.cable.bringChanges()
            _ = try await anna.next("onOfficialAccountSubscribed", within: .seconds(10))

            try await waitUntil("the flag is in force", within: .seconds(10)) {
                let key = try await cluster.prompt.post("wanted?")
                let isThere = { (client: LiveClient) in
                    client.notifications("onRecvNewMessage").contains { $0["MsgKey"]?.text == key.rawValue }
                }
                try await waitUntil("he has it") { isThere(boris) }
                try await anna.catchUp()
                return !isThere(anna)
            }
        }
    }

    @Test("a subscription to a channel that was made anew stays when one to the channel before comes late")
    func incarnations() async throws {
        try await withCableCluster(reconciliationInterval: Self.seldom) { cluster in
            let anna = try await cluster.serving.login("anna")
            try await cluster.keepingChanges { try await $0.subscribe("anna") }
            try await cluster.prompt.destroy()
            try await cluster.prompt.createChannel()
            try await cluster.prompt.subscribe("anna")
            let item = try await anna.next("onOfficialAccountSubscribed")

            cluster.cable.bringChanges()

            #expect(try await anna.next("onOfficialAccountSubscribed")["Epoch"] != item["Epoch"])
            let last = try await anna.next("onOfficialAccountSubscribed", within: .seconds(10))
            #expect(last["Epoch"] == item["Epoch"])
            try await cluster.prompt.post("of the new one")
            #expect(try await anna.next("onRecvNewMessage")["Epoch"] == item["Epoch"])
            try await waitUntil("the one before is left") { cluster.serving.gateway.census.rooms == 1 }
        }
    }

    @Test("whoever has logged in is looked at within an interval, whenever that was")
    func newcomers() async throws {
        let interval = Duration.seconds(6)
        try await withCableCluster(reconciliationInterval: interval) { cluster in
            // As soon as the first interval has begun: who had to wait for the next one would be looked at in its course.
            let clients = try await withThrowingTaskGroup(of: LiveClient.self) { group in
                for number in 0..<60 { group.addTask { try await cluster.serving.login("user\(number)") } }
                return try await group.reduce(into: [LiveClient]()) { $0.append($1) }
            }
            let call = try await cluster.late.installation.call()
            let names = (0..<60).map { "user\($0)" }
            try await cluster.losingChanges { _ = try await $0.systems.subscribers.add(names, to: .news, for: call) }

            try await waitUntil("everybody has been looked at", within: interval + .seconds(3)) {
                clients.allSatisfy { !$0.notifications("onOfficialAccountSubscribed").isEmpty }
            }
        }
    }

    @Test(
        "a row that cannot be read keeps nobody else from what he missed, and nobody when it can be read again",
        arguments: [
            // Read when the users are compared, and when what they differ in is looked at once more.
            ("message_flag", MessageFlag.acceptAndNotify.rawValue), ("joined_seq", "0"),
        ]
    )
    func damagedRow(column: String, mended: String) async throws {
        try await withCableCluster(reconciliationInterval: Self.seldom) { cluster in
            let users = (0..<8).map { UserID("user\($0)") }
            var clients: [LiveClient] = []
            for user in users { clients.append(try await cluster.serving.login(user.rawValue)) }
            let call = try await cluster.late.installation.call()
            let (names, systems) = (users.map(\.rawValue), cluster.late.systems)
            try await cluster.losingChanges { _ = try await $0.systems.subscribers.add(names, to: .news, for: call) }
            func set(_ value: String) async throws {
                try await systems.database.write { tx throws(ChatError) in
                    let statement = "UPDATE subscriptions SET \(column) = '\(value)' WHERE account = 'user3'"
                    try tx.execute(SQL(stringLiteral: statement))
                }
            }
            try await set("damaged")
            let reference = try #require(
                try await systems.timeline.followed(by: users[0], of: .example)?.first?.reference
            )

            // Of the subscriptions before it nobody has heard: all of them are looked at together.
            let flag = SubscriptionEvent(reference, users, .discarding(false), version: 1, lineage: 0)
            cluster.serving.systems.bus.publish(.subscriptions(flag))

            let damaged = clients.remove(at: 3)
            for client in clients { _ = try await client.next("onOfficialAccountSubscribed", within: .seconds(10)) }
            #expect(damaged.notifications("onOfficialAccountSubscribed").isEmpty)
            #expect(damaged.ending == nil)
            try await set(mended)
            _ = try await damaged.next("onOfficialAccountSubscribed", within: .seconds(10))
        }
    }
}

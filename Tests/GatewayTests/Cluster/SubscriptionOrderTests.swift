import Chat
import ChatProtocol
import EventBus
import Gateway
import RostrumTesting
import Testing

/// Two nodes change a user's subscription one after the other, and a third hears of it in the wrong order.
///
/// Nobody is compared with the storage here: it is the numbers of the changes that tell.
@Suite(.timeLimit(.minutes(5))) struct SubscriptionOrderTests {
    @Test("who unsubscribed stays unsubscribed when the subscription before it comes late")
    func unsubscribed() async throws {
        try await withCableCluster { cluster in
            let anna = try await cluster.serving.login("anna")
            try await cluster.keepingChanges { try await $0.subscribe("anna") }
            try await cluster.prompt.unsubscribe("anna")
            _ = try await anna.next("onOfficialAccountUnsubscribed")

            cluster.cable.bringChanges()
            try await cluster.prompt.post("not for her")
            try await anna.catchUp()

            #expect(anna.notifications.map(\.method) == ["onOfficialAccountUnsubscribed"])
            #expect(cluster.serving.gateway.census.rooms == 0)
            try await cluster.prompt.subscribe("anna")
            try await cluster.prompt.post("for her")
            #expect(try await anna.next("onRecvNewMessage").messageText == "for her")
        }
    }

    @Test("who subscribed again stays subscribed when the end of the first subscription comes late")
    func resubscribed() async throws {
        try await withCableCluster { cluster in
            let anna = try await cluster.serving.login("anna")
            try await cluster.prompt.subscribe("anna")
            try await cluster.prompt.post("one")
            _ = try await anna.next("onRecvNewMessage")
            try await cluster.keepingChanges { try await $0.unsubscribe("anna") }
            try await cluster.prompt.post("of the time between")
            try await cluster.prompt.subscribe("anna")
            try await cluster.prompt.post("three")

            try await waitUntil("both arrive") { anna.notifications("onRecvNewMessage").count == 3 }
            cluster.cable.bringChanges()
            try await cluster.prompt.post("four")
            try await waitUntil("what follows arrives") { anna.notifications("onRecvNewMessage").count == 4 }

            #expect(anna.notifications("onOfficialAccountUnsubscribed") == [])
            let begun = anna.notifications("onOfficialAccountSubscribed").map { $0.number("HeadMsgSeq") }
            #expect(begun == [0, 2])
            #expect(anna.notifications("onRecvNewMessage").map { $0.number("MsgSeq") } == [1, 2, 3, 4])
        }
    }

    @Test("a subscription begins anew where it is told to, though the end of the one before comes late")
    func beginsAnew() async throws {
        try await withCableCluster { cluster in
            let anna = try await cluster.serving.login("anna")
            try await cluster.prompt.subscribe("anna")
            try await cluster.keepingChanges {
                try await $0.unsubscribe("anna")
                try await $0.subscribe("anna")
            }
            // Heard before the subscription that it belongs to.
            try await cluster.prompt.post("early")
            _ = try await anna.next("onRecvNewMessage")

            cluster.cable.bringChanges(newestFirst: true)

            try await waitUntil("she begins anew") { anna.notifications("onOfficialAccountSubscribed").count == 2 }
            try await waitUntil("the post comes after it once more") {
                anna.notifications.last?.method == "onRecvNewMessage"
                    && anna.notifications("onRecvNewMessage").count == 2
            }
            #expect(anna.notifications("onOfficialAccountUnsubscribed") == [])
        }
    }

    @Test("the newest flag is in force, whichever comes last", arguments: [MessageFlag.discard, .acceptAndNotify])
    func flags(newest: MessageFlag) async throws {
        try await withCableCluster { cluster in
            let (anna, boris) = (try await cluster.serving.login("anna"), try await cluster.serving.login("boris"))
            try await cluster.prompt.subscribe("anna", "boris")
            for client in [anna, boris] { _ = try await client.next("onOfficialAccountSubscribed") }
            let older: MessageFlag = newest == .discard ? .acceptAndNotify : .discard
            // So that both that follow are changes.
            try await cluster.prompt.setFlag(newest, of: "anna")
            try await cluster.keepingChanges { try await $0.setFlag(older, of: "anna") }
            try await cluster.prompt.setFlag(newest, of: "anna")

            cluster.cable.bringChanges()
            try await cluster.prompt.post("wanted?")
            _ = try await boris.next("onRecvNewMessage")
            try await anna.catchUp()

            #expect(anna.notifications("onRecvNewMessage").count == (newest == .discard ? 0 : 1))
        }
    }

    @Test("a channel that was destroyed is not followed again when the subscription to it comes late")
    func destroyed() async throws {
        try await withCableCluster { cluster in
            let anna = try await cluster.serving.login("anna")
            try await cluster.prompt.subscribe("anna")
            _ = try await anna.next("onOfficialAccountSubscribed")
            try await cluster.keepingChanges {
                try await $0.setFlag(.discard, of: "anna")
                try await $0.unsubscribe("anna")
                try await $0.subscribe("anna")
            }
            try await cluster.prompt.destroy()
            _ = try await anna.next("onOfficialAccountDeleted")
            try await waitUntil("nobody is there") { cluster.serving.gateway.census.rooms == 0 }

            cluster.cable.bringChanges()
            try await anna.catchUp()

            #expect(cluster.serving.gateway.census.rooms == 0)
            #expect(
                anna.notifications.map(\.method) == ["onOfficialAccountSubscribed", "onOfficialAccountDeleted"]
            )
        }
    }

    @Test("an answer that says she does not subscribe takes no subscription away that was made since")
    func answeredMeanwhile() async throws {
        try await withCableCluster(reading: HeldReads.init) { cluster, reads in
            let anna = try await cluster.serving.login("anna")
            try await cluster.prompt.subscribe("anna")
            let item = try await anna.next("onOfficialAccountSubscribed")
            try await cluster.prompt.post("one")
            _ = try await anna.next("onRecvNewMessage")
            try await cluster.keepingChanges { try await $0.unsubscribe("anna") }

            let read = reads.holdNext()
            defer { read.goOn() }
            let position: JSONObject = [
                "Epoch": item["Epoch"] ?? .null, "MsgSeq": .integer(1), "EventSeq": .integer(1),
            ]
            let request = anna.send("resume", ["@TOA#_news": .object(position)])
            await read.waitUntilBegun()
            try await cluster.prompt.subscribe("anna")
            _ = try await anna.next("onOfficialAccountSubscribed")
            read.goOn()

            let answer = try await anna.answer(to: request)
            #expect(answer["@TOA#_news"]?["reload"] == .bool(true))
            #expect(answer["@TOA#_news"]?["Epoch"] == nil)
            cluster.cable.bringChanges()
            try await cluster.prompt.post("two")
            #expect(try await anna.next("onRecvNewMessage").messageText == "two")
        }
    }

    @Test("a session remembers the last channels that it left, each by its newest change, and no more")
    func leftChannels() {
        func reference(_ number: Int64) -> ChannelReference {
            ChannelReference(application: .example, channel: .news, incarnation: number)
        }
        var left = LeftChannels()
        left.add(reference(0), 1)
        for number in 1..<Int64(LeftChannels.most) { left.add(reference(number), number) }
        left.add(reference(0), 9, passed: 70)
        left.add(reference(1000), 5)

        #expect(left[reference(0)] == 9)
        #expect(left.passed(reference(0)) == 70)
        #expect(left.passed(reference(2)) == 0)
        #expect(left[reference(1)] == nil, "the one that was left the longest ago")
        #expect(left[reference(2)] == 2)
        left.remove(reference(0))
        #expect(left[reference(0)] == nil)
        left.add(reference(1001), 5)
        #expect(left[reference(2)] == 2, "there was room")
    }
}

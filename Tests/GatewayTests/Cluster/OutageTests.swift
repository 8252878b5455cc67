import Chat
import ChatProtocol
import EventBus
import EventBusNATS
import Gateway
import RostrumTesting
import Testing

/// What clients see of a bus that is away for a time: they are complete soon after its return.
///
/// The nodes' own comparisons with the storage come too seldom here to do it.
@Suite(.timeLimit(.minutes(5))) struct OutageTests {
    /// How soon after the return of the bus.
    private static let soon = Duration.seconds(5)

    @Test("posts of the time without a bus arrive, in order, with those after it")
    func posts() async throws {
        try await withCluster { cluster in
            let (first, second) = (cluster.nodes[0], cluster.nodes[1])
            try await first.createChannel()
            let anna = try await second.login("anna")
            try await first.subscribe("anna")
            _ = try await anna.next("onOfficialAccountSubscribed")
            try await first.post("before")

            try await cluster.cut()
            for number in 1...20 { try await first.post("during \(number)") }
            // A node that is killed takes with it what it has not said.
            await cluster.buses[0].close()
            try await cluster.server.start()

            try await waitUntil("all arrive", within: Self.soon) {
                anna.notifications("onRecvNewMessage").count == 21
            }
            #expect(anna.notifications("onRecvNewMessage").compactMap { $0.number("MsgSeq") } == Array(1...21))
        }
    }

    @Test("a login while the bus is away opens, and hears what is posted after its return")
    func login() async throws {
        try await withCluster { cluster in
            try await cluster.nodes[0].createChannel()
            _ = try await cluster.nodes[1].login("anna").close()
            try await cluster.nodes[0].subscribe("anna")
            try await cluster.cut()

            // It cannot wait for the bus, which comes back only after it.
            let anna = try await cluster.nodes[1].login("anna")
            try await cluster.mend()
            try await cluster.nodes[0].post("after")

            #expect(try await anna.next("onRecvNewMessage", within: Self.soon).messageText == "after")
        }
    }

    @Test("a kick, a deletion and changed subscriptions of that time are made good")
    func changes() async throws {
        try await withCluster { cluster in
            let (first, second) = (cluster.nodes[0], cluster.nodes[1])
            let tides = ChannelID("@TOA#_tides")
            for channel in [.news, tides] { try await first.createChannel(channel) }
            let kicked = try await second.login("kicked")
            let deleted = try await second.login("deleted")
            let anna = try await second.login("anna")
            try await first.subscribe("anna")
            _ = try await anna.next("onOfficialAccountSubscribed")

            try await cluster.cut()
            first.installation.clock.advance(seconds: 1)
            try await first.installation.accounts.kick(UserID("kicked"), for: first.installation.call())
            _ = try await first.installation.accounts.delete([UserID("deleted")], for: first.installation.call())
            try await first.post("missed by nobody", to: tides)
            try await first.subscribe("anna", to: tides)
            try await first.post("after subscribing", to: tides)
            try await first.unsubscribe("anna")
            try await first.post("not for her")
            await cluster.buses[0].close()
            try await cluster.server.start()

            #expect(try await kicked.end(within: Self.soon).code == 4401)
            #expect(try await deleted.end(within: Self.soon).code == 4403)
            #expect(try await anna.next("onOfficialAccountSubscribed", within: Self.soon).channel == tides.rawValue)
            #expect(try await anna.next("onRecvNewMessage", within: Self.soon).messageText == "after subscribing")
            let left = try await anna.next("onOfficialAccountUnsubscribed", within: Self.soon)
            #expect(left.channel == ChannelID.news.rawValue)
            #expect(anna.notifications("onRecvNewMessage").count == 1)
        }
    }

    @Test("what the bus brings late is not told a second time")
    func lateEvents() async throws {
        try await withCluster(.init(nodes: 3)) { cluster in
            let (first, second, third) = (cluster.nodes[0], cluster.nodes[1], cluster.nodes[2])
            try await first.createChannel()
            let anna = try await second.login("anna")
            var boris = try await second.login("boris")
            try await cluster.cut()
            // What this one does from now on only the storage tells.
            await cluster.buses[2].close()
            func kickBoris() async throws {
                third.installation.clock.advance(seconds: 1)
                try await third.installation.accounts.kick(UserID("boris"), for: third.installation.call())
            }
            // Kept by the first node's bus, and brought as soon as it is back; the second looks at the storage as well.
            try await first.subscribe("anna")
            try await first.post("one")
            try await kickBoris()
            try await cluster.server.start()

            #expect(try await boris.end(within: .seconds(40)).code == 4401)
            // That was in the middle of a look; when it happens to him again, it is in a later one.
            third.installation.clock.advance(seconds: 1)
            boris = try await second.login("boris")
            try await kickBoris()
            cluster.buses[0].tellOfGap()
            #expect(try await boris.end(within: .seconds(40)).code == 4401)
            // The bus brings this after what it kept.
            try await first.post("two")
            try await waitUntil("the last arrives") {
                anna.notifications("onRecvNewMessage").last?.messageText == "two"
            }
            #expect(anna.notifications("onOfficialAccountSubscribed").count == 1)
            #expect(anna.notifications("onRecvNewMessage").compactMap(\.messageText) == ["one", "two"])
        }
    }

    @Test("without a word of the bus every session is looked at in its turn")
    func background() async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            // Two buses that nothing connects: whatever one node tells, the other does not hear.
            var options = LiveNode.Options()
            options.reconciliationInterval = .seconds(3)
            let first = try await LiveNode.start(over: database, options)
            options.clock = first.installation.clock
            options.bus = InProcessEventBus()
            options.seed = 7
            let second = try await LiveNode.start(over: database, options)
            do {
                _ = try await first.installation.applications.create(.example(), by: first.installation.operation())
                try await first.installation.setLimits([.broadcastsPerSecond: 0, .broadcastsPerHour: 0])
                try await first.createChannel()
                let (anna, boris) = (try await second.login("anna"), try await second.login("boris"))
                try await first.subscribe("anna", "boris")
                for client in [anna, boris] { _ = try await client.next("onOfficialAccountSubscribed") }
                _ = try await first.installation.subscribers.setMessageFlag(
                    .discard,
                    in: .news,
                    for: first.installation.call(as: UserID("anna"))
                )
                try await waitUntil("her flag is known") {
                    let key = try await first.post("again")
                    try await waitUntil("he gets it") {
                        boris.notifications("onRecvNewMessage").contains { $0["MsgKey"]?.text == key.rawValue }
                    }
                    return !anna.notifications("onRecvNewMessage").contains { $0["MsgKey"]?.text == key.rawValue }
                }
                first.installation.clock.advance(seconds: 1)
                try await first.installation.accounts.kick(UserID("anna"), for: first.installation.call())
                #expect(try await anna.end(within: .seconds(40)).code == 4401)
            } catch {
                await first.stop()
                await second.stop()
                throw error
            }
            await first.stop()
            await second.stop()
        }
    }
}

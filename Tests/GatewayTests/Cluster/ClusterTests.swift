import Chat
import ChatProtocol
import EventBus
import EventBusNATS
import Gateway
import RostrumTesting
import Testing

/// Several nodes are one server to their clients.
@Suite(.timeLimit(.minutes(5))) struct ClusterTests {
    @Test("a post on one node reaches the sessions on the other, in order")
    func post() async throws {
        try await withCluster { cluster in
            let (first, second) = (cluster.nodes[0], cluster.nodes[1])
            try await first.createChannel()
            let (anna, boris) = (try await first.login("anna"), try await second.login("boris"))
            try await first.subscribe("anna", "boris")
            for client in [anna, boris] { _ = try await client.next("onOfficialAccountSubscribed") }

            for number in 1...50 { try await (number.isMultiple(of: 3) ? second : first).post("post \(number)") }
            try await second.rename(.news, "Tides")
            // The node that destroys tells of it at once: what is still on its way there comes too late.
            for client in [anna, boris] { _ = try await client.next("onOfficialAccountInfoChanged") }
            try await first.destroy()

            for client in [anna, boris] {
                _ = try await client.next("onOfficialAccountDeleted")
                let numbers = client.notifications.compactMap { $0.parameters.number("EventSeq") }
                #expect(numbers == Array(1...52))
            }
        }
    }

    @Test("a channel's events come to a node only while somebody there follows it")
    func interest() async throws {
        try await withCluster { cluster in
            let (first, second) = (cluster.nodes[0], cluster.nodes[1])
            try await first.createChannel()
            _ = try await second.login("anna").close()
            try await first.subscribe("anna", "boris")
            try await cluster.pass(from: 0, to: 1)
            let before = cluster.received(by: 1)

            try await first.post("nobody there")
            try await cluster.pass(from: 0, to: 1)
            // What concerns every node came alone: the outbox has nothing to do in these tests.
            #expect(cluster.received(by: 1) == before + 1)

            let anna = try await second.login("anna")
            try await waitUntil("the channel is followed") { cluster.buses[1].status.topics == 2 }
            try await first.post("somebody there")
            #expect(try await anna.next("onRecvNewMessage").messageText == "somebody there")

            try await anna.close()
            try await waitUntil("nothing is followed any more") { cluster.buses[1].status.topics == 0 }
        }
    }

    @Test("subscriptions, flags and kicks on one node are in force on the other")
    func changes() async throws {
        try await withCluster { cluster in
            let (first, second) = (cluster.nodes[0], cluster.nodes[1])
            try await first.createChannel()
            let anna = try await second.login("anna")

            try await first.subscribe("anna")
            #expect(try await anna.next("onOfficialAccountSubscribed").channel == ChannelID.news.rawValue)
            try await first.post("one")
            #expect(try await anna.next("onRecvNewMessage").messageText == "one")
            try await first.unsubscribe("anna")
            _ = try await anna.next("onOfficialAccountUnsubscribed")
            try await first.post("two")
            first.installation.clock.advance(seconds: 1)
            try await first.installation.accounts.kick(UserID("anna"), for: first.installation.call())

            #expect(try await anna.end(within: .seconds(5)).code == 4401)
            #expect(anna.notifications("onRecvNewMessage").count == 1)
        }
    }

    @Test("who is online is known on every node, in one list")
    func presence() async throws {
        try await withCluster(.init(nodes: 3)) { cluster in
            let anna = [
                try await cluster.nodes[0].enter("anna", platform: "Web"),
                try await cluster.nodes[1].enter("anna", platform: "iOS"),
            ]
            _ = try await cluster.nodes[2].enter("boris", platform: "Android")
            let users = ["anna", "boris", "chen"].map { UserID($0) }
            for node in cluster.nodes {
                let present = await node.systems.presence.sessions(of: users, of: .example)
                #expect(Set(present[UserID("anna"), default: []].map(\.platform)) == [.web, .iOS])
                #expect(present[UserID("boris")]?.map(\.platform) == [.android])
                #expect(present[UserID("chen")] == nil)
                #expect(await node.systems.presence.sessions(of: users, of: .other) == [:])
            }
            let many = (0..<350).map { UserID("user\($0)") } + users
            #expect(await cluster.nodes[2].systems.presence.sessions(of: many, of: .example).count == 2)

            try await anna[1].close()
            try await waitUntil("she is there no more", within: .seconds(5)) {
                let left = await cluster.nodes[2].systems.presence.sessions(of: users, of: .example)
                return left[UserID("anna")]?.map(\.platform) == [.web]
            }

            try await cluster.cut()
            let own = await cluster.nodes[2].systems.presence.sessions(of: users, of: .example)
            #expect(Set(own.keys) == [UserID("boris")], "at least who is connected here")
        }
    }

    @Test("one session more than a user may have ends his oldest one, on whatever node it is")
    func sessionsOfAUser() async throws {
        try await withCluster(.init(nodes: 3)) { cluster in
            let nodes = cluster.nodes
            let clock = nodes[0].installation.clock
            try await nodes[0].installation.setLimits([.connectionsPerUser: 3])
            var clients: [LiveClient] = []
            for index in [0, 1, 2] {
                clients.append(try await nodes[index].enter("anna"))
                clock.advance(seconds: 1)
            }
            let other = try await nodes[0].enter("boris")

            clients.append(try await nodes[2].enter("anna"))
            #expect(try await clients[0].end(within: .seconds(5)).code == 4409)
            clock.advance(seconds: 1)
            clients.append(try await nodes[0].enter("anna"))
            #expect(try await clients[1].end(within: .seconds(5)).code == 4409)

            try await cluster.pass(from: 0, to: 1)
            try await cluster.pass(from: 1, to: 2)
            try await waitUntil("the others are gone", within: .seconds(5)) {
                nodes.map(\.gateway.census.sessions) == [2, 0, 2]
            }
            for client in clients[2...] + [other] { #expect(client.ending == nil) }
        }
    }

    @Test("many logins of a user at once, on all nodes: as many stay as he may have")
    func sessionsAtOnce() async throws {
        try await withCluster(.init(nodes: 3)) { cluster in
            try await cluster.nodes[0].installation.setLimits([.connectionsPerUser: 4])
            let clients = try await withThrowingTaskGroup(of: LiveClient.self) { group in
                for number in 0..<30 { group.addTask { try await cluster.nodes[number % 3].login("anna") } }
                return try await group.reduce(into: [LiveClient]()) { $0.append($1) }
            }
            try await waitUntil("as many are left as are allowed", within: .seconds(5)) {
                clients.filter { $0.ending == nil }.count <= 4
            }
            // Whatever the nodes still had to tell each other would end one more.
            for source in 0..<3 {
                for target in 0..<3 where target != source { try await cluster.pass(from: source, to: target) }
            }
            #expect(clients.filter { $0.ending == nil }.count == 4)
            #expect(clients.compactMap(\.ending).allSatisfy { $0.code == 4409 })
        }
    }

    @Test("a post that is too large for the bus is read from the storage")
    func oversized() async throws {
        try await withTemporaryDirectory { directory in
            let file = "\(directory)/nats.conf"
            try writeFile(file, "max_payload: 4096")
            try await withCluster(server: ["-c", file]) { cluster in
                try await cluster.nodes[0].createChannel()
                let anna = try await cluster.nodes[1].login("anna")
                try await cluster.nodes[0].subscribe("anna")
                _ = try await anna.next("onOfficialAccountSubscribed")
                let large = String(repeating: "x", count: 8000)

                try await cluster.nodes[0].post("before")
                try await cluster.nodes[0].post(large)
                try await cluster.nodes[0].post("after")

                for text in ["before", large, "after"] {
                    #expect(try await anna.next("onRecvNewMessage", within: .seconds(5)).messageText == text)
                }
            }
        }
    }

    @Test("what two nodes delivered adds up in the receipt")
    func receipts() async throws {
        try await withCluster { cluster in
            try await cluster.nodes[0].createChannel()
            var clients: [LiveClient] = []
            for (node, user) in [(0, "anna"), (0, "boris"), (1, "chen"), (1, "anna"), (1, "dora")] {
                clients.append(try await cluster.nodes[node].login(user))
            }
            try await cluster.nodes[0].subscribe("anna", "boris", "chen", "dora")
            for client in clients { _ = try await client.next("onOfficialAccountSubscribed") }

            let key = try await cluster.nodes[1].post("for all")
            for client in clients { _ = try await client.next("onRecvNewMessage") }

            let installation = cluster.nodes[0].installation
            try await waitUntil("both nodes have reported", within: .seconds(10)) {
                let now = installation.clock.now
                let application = try await installation.application()
                let receipt = try await installation.receipts.find(key, in: .news, of: application, at: now)
                return receipt.online == 5 && receipt.written == 5
            }
        }
    }
}

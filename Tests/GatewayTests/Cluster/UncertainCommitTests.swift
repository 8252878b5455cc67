import Chat
import ChatProtocol
import Database
import EventBus
import Gateway
import RostrumTesting
import Testing

/// What was committed although its caller was told that nobody knows: sessions are brought it as soon as it can be seen.
@Suite(.timeLimit(.minutes(5))) struct UncertainCommitTests {
    /// Nothing but the bus says that there is something to be looked for.
    private var options: LiveNode.Options {
        var options = LiveNode.Options()
        options.comparisonInterval = .seconds(3600)
        options.reconciliationInterval = .seconds(36_000)
        return options
    }

    @Test("a post whose commit was not answered reaches the sessions when the storage is back")
    func post() async throws {
        try await StorageEngine.postgres.withStorage { storage in
            try await PostgresRelay.with(to: PostgresServer.shared.value) { relay in
                let reached = Storage(engine: .postgres, location: relay.url(of: storage.location))
                try await reached.withDatabase { database in
                    try await database.migrate(Schema.migrations)
                    let node = try await LiveNode.start(over: database, options)
                    do {
                        try await post(on: node, by: relay)
                        await node.stop()
                    } catch {
                        await node.stop()
                        throw error
                    }
                }
            }
        }
    }

    private func post(on node: LiveNode, by relay: PostgresRelay) async throws {
        _ = try await node.installation.applications.create(.example(), by: node.installation.operation())
        try await node.installation.setLimits([.broadcastsPerSecond: 0, .broadcastsPerHour: 0])
        try await node.createChannel()
        let anna = try await node.login("anna")
        try await node.subscribe("anna")
        _ = try await anna.next("onOfficialAccountSubscribed")
        try await node.post("first")
        _ = try await anna.next("onRecvNewMessage")
        let call = try await node.installation.call()
        relay.loseNextCommit(staysAway: true)

        let error = await refusal { try await node.post("second", for: call) }
        #expect(error?.storageFault == .uncertain)
        #expect(anna.notifications("onRecvNewMessage").count == 1)
        relay.mend()
        try await waitUntil("the storage answers") {
            await refusal { try await node.installation.application() } == nil
        }

        #expect(try await anna.next("onRecvNewMessage").messageText == "second")
    }

    @Test("the sessions of other nodes are brought it, too")
    func otherNodes() async throws {
        try await withNATSServer { server in
            try await server.withBuses { buses in
                try await StorageEngine.sqlite.withDatabase { database in
                    var options = options
                    (options.bus, options.peers) = (buses[0], buses[0])
                    let node = try await LiveNode.start(over: database, options)
                    let faulty = FaultyDatabase(database)
                    let other = TestInstallation(database: faulty, clock: node.installation.clock, bus: buses[1])
                    do {
                        _ = try await other.applications.create(.example(), by: other.operation())
                        try await node.createChannel()
                        let anna = try await node.login("anna")
                        // Committed on the other node, and told to nobody.
                        let silent = node.installation.anotherNode()
                        _ = try await silent.subscribers.add(["anna"], to: .news, for: silent.call())
                        faulty.tellOfUncertainty()

                        let told = try await anna.next("onOfficialAccountSubscribed")
                        #expect(told.channel == ChannelID.news.rawValue)
                        await node.stop()
                    } catch {
                        await node.stop()
                        throw error
                    }
                }
            }
        }
    }
}

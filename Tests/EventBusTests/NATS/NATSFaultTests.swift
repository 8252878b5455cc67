import ChatProtocol
import EventBus
import EventBusNATS
import MetricsTestKit
import RostrumTesting
import Synchronization
import Testing

/// What becomes of the bus when servers go and come.
@Suite(.timeLimit(.minutes(5))) struct NATSFaultTests {
    private static let news = Topic.channel(.example, .news)
    private static let lateID = ChannelID("@TOA#_late")
    private static let late = Topic.channel(.example, lateID)

    /// Whether it makes no difference to whoever begins to follow topics that there is a network.
    private func followsAtOnce(_ topics: [Topic], on bus: NATSEventBus) -> Bool {
        let isConfirmed = Mutex(false)
        bus.follow(topics) { isConfirmed.withLock { $0 = true } }
        return isConfirmed.withLock { $0 }
    }

    @Test("without a server the node starts, nobody waits, and its own events are heard; then it connects by itself")
    func lateServer() async throws {
        try await withNATSServer(isStarted: false) { server in
            let buses = [try NATSEventBus.example(server.url), try NATSEventBus.example(server.url)]
            let (own, heard, gaps) = (EventLog(), EventLog(), Gaps())
            buses[0].listen(own.hear)
            buses[1].listen(heard.hear)
            buses[1].listenForGaps(gaps.add)
            #expect(followsAtOnce([Self.news], on: buses[1]))
            buses[0].publish(SampleEvents.post(1))
            #expect(own.events == [SampleEvents.post(1)])
            #expect(await buses[0].ask([1]) == [])
            try await waitUntil("it is said why") { buses[0].status.fault?.contains("connect") == true }
            #expect(!buses[0].status.isConnected)
            #expect(buses[0].status.server == nil)

            try await server.start()

            try await buses.use { buses in
                #expect(buses[0].status.fault == nil)
                #expect(buses[0].status.server == "127.0.0.1:\(server.port)")
                #expect(gaps.count > 0)
                buses[0].publish(SampleEvents.post(2))
                try await waitUntil("the next event arrives") { heard.events.last == SampleEvents.post(2) }
            }
        }
    }

    @Test("a server that is killed and comes back: what was published meanwhile arrives, and every node looks again")
    func restart() async throws {
        try await withNATSServer { server in
            let metrics = TestMetrics()
            let buses = [try NATSEventBus.example(server.url, metrics: metrics), try NATSEventBus.example(server.url)]
            try await buses.use { buses in
                let heard = EventLog()
                let gaps = [Gaps(), Gaps()]
                buses[1].listen(heard.hear)
                for (bus, gaps) in zip(buses, gaps) { bus.listenForGaps(gaps.add) }
                await buses[1].follow([Self.news])

                await server.kill()
                try await waitUntil("the nodes notice") { buses.allSatisfy { !$0.status.isConnected } }
                for number in 1...3 { buses[0].publish(SampleEvents.post(Int64(number))) }
                #expect(followsAtOnce([Self.late], on: buses[1]))
                try await server.start()

                try await waitUntil("both are back") {
                    buses.allSatisfy { $0.status.isConnected } && gaps.allSatisfy { $0.count > 0 }
                }
                buses[0].publish(SampleEvents.post(4, in: Self.lateID))
                try await waitUntil("the last arrives") { heard.events.last == SampleEvents.post(4, in: Self.lateID) }
                #expect(metrics.total("rostrum_bus_reconnects") == 1)
            }
        }
    }

    @Test("a server that stands still holds nobody up, is noticed, and is used again when it goes on")
    func pausedServer() async throws {
        try await withNATSServer { server in
            try await server.withBuses { buses in
                let heard = EventLog()
                buses[1].listen(heard.hear)
                await buses[1].follow([Self.news])
                try await server.pause()

                // None of this can wait for the server, which goes on only after it.
                for number in 1...1000 { buses[0].publish(SampleEvents.post(Int64(number), size: 2000)) }
                await buses[0].follow([Self.news])
                try await waitUntil("it is noticed") { buses.allSatisfy { !$0.status.isConnected } }
                #expect(followsAtOnce([Self.late], on: buses[0]))

                server.goOn()
                try await waitUntil("both are back") { buses.allSatisfy { $0.status.isConnected } }
                buses[0].publish(SampleEvents.post(2000))
                try await waitUntil("the next arrives") { heard.events.contains(SampleEvents.post(2000)) }
            }
        }
    }

    @Test("what is more than is kept is counted, and the other nodes are told that something is missing")
    func overflow() async throws {
        try await withNATSServer { server in
            let metrics = TestMetrics()
            let buses = [try NATSEventBus.example(server.url, metrics: metrics), try NATSEventBus.example(server.url)]
            try await buses.use { buses in
                await server.kill()
                try await waitUntil("the nodes notice") { buses.allSatisfy { !$0.status.isConnected } }
                for number in 1...1000 { buses[0].publish(SampleEvents.post(Int64(number), size: 20_000)) }
                let lost = metrics.total("rostrum_bus_events", [("result", "lost")])
                #expect((550..<650).contains(lost), "\(lost)")

                try await server.start()
                try await waitUntil("both are back") { buses.allSatisfy { $0.status.isConnected } }
                let gaps = Gaps()
                buses[1].listenForGaps(gaps.add)
                buses[0].publish(.outboxFilled(.example))
                try await waitUntil("what was kept is written") {
                    metrics.total("rostrum_bus_events", [("result", "published")]) == 1001 - lost
                }
            }
        }
    }

    @Test("questions for sessions of the time without a bus are not asked after it, nor counted as lost")
    func staleQuestions() async throws {
        try await withNATSServer { server in
            let metrics = TestMetrics()
            let buses = [try NATSEventBus.example(server.url, metrics: metrics), try NATSEventBus.example(server.url)]
            try await buses.use { buses in
                let heard = EventLog()
                buses[1].listen(heard.hear)
                await buses[1].follow([Self.news, .user(.example, UserID("anna"))])
                await server.kill()
                try await waitUntil("the nodes notice") { buses.allSatisfy { !$0.status.isConnected } }

                let question = Event.sessions(SampleEvents.sessions(newest: 4, isQuestion: true, [(4, 10)]))
                for number in 1...10 {
                    buses[0].publish(question)
                    buses[0].publish(SampleEvents.post(Int64(number)))
                }
                try await server.start()
                try await waitUntil("both are back") { buses.allSatisfy { $0.status.isConnected } }
                buses[0].publish(question)
                buses[0].publish(SampleEvents.post(11))

                try await waitUntil("the last arrives") { heard.events.last == SampleEvents.post(11) }
                try await waitUntil("it is counted") {
                    metrics.total("rostrum_bus_events", [("result", "published")]) >= 12
                }
                #expect(metrics.total("rostrum_bus_events", [("result", "published")]) == 12)
                #expect(metrics.total("rostrum_bus_events", [("result", "lost")]) == 0)
                #expect(heard.events.count { $0 == question } == 1)
            }
        }
    }

    @Test("nodes on several servers of a cluster hear each other, and go to another when theirs is killed")
    func cluster() async throws {
        try await withNATSCluster { servers in
            let names = servers.map { "127.0.0.1:\($0.port)" }
            let buses = try (0..<3).map { index in
                try NATSEventBus.example("nats://" + (names[index...] + names[..<index]).joined(separator: ","))
            }
            try await buses.use { buses in
                let heard = EventLog()
                buses[1].listen(heard.hear)
                await buses[1].follow([Self.news])
                try await waitUntil("subscriptions are known everywhere") {
                    buses[0].publish(SampleEvents.post(1))
                    try await Task.sleep(for: .milliseconds(20))
                    return heard.events.contains(SampleEvents.post(1))
                }
                for server in servers.dropLast() {
                    await server.kill()
                    try await waitUntil("all have found another", within: .seconds(10)) {
                        buses.allSatisfy { $0.status.isConnected && $0.status.server != "127.0.0.1:\(server.port)" }
                    }
                    try await waitUntil("and hear each other") {
                        buses[0].publish(SampleEvents.post(Int64(server.port)))
                        try await Task.sleep(for: .milliseconds(20))
                        return heard.events.contains(SampleEvents.post(Int64(server.port)))
                    }
                }
            }
        }
    }

    @Test(
        "a node that the server does not know tries again until it does",
        arguments: ["--user anna --pass right", "--auth right"]
    )
    func credentials(options: String) async throws {
        let words = options.split(separator: " ").map(String.init)
        try await withNATSServer(words) { server in
            let who = words[0] == "--user" ? "anna:" : ""
            let wrong = try NATSEventBus.example("nats://\(who)wrong@127.0.0.1:\(server.port)")
            try await waitUntil("it is said why") { wrong.status.fault?.contains("Auth") == true }
            await wrong.close()
            #expect(!wrong.status.isConnected)
            let right = try NATSEventBus.example("nats://\(who)right@127.0.0.1:\(server.port)")
            try await [right].use { buses in
                #expect(buses[0].status.server == "127.0.0.1:\(server.port)")
            }
        }
    }
}

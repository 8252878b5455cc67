import ChatProtocol
import EventBus
import EventBusNATS
import MetricsTestKit
import RostrumTesting
import Synchronization
import Testing

/// What nodes hear of each other over real servers.
@Suite(.timeLimit(.minutes(5))) struct NATSEventBusTests {
    private static let news = Topic.channel(.example, .news)
    private static let anna = Topic.user(.example, UserID("anna"))

    @Test("every kind of event reaches the other node, in order, and the own one once")
    func everyKind() async throws {
        try await withNATSServer { server in
            try await server.withBuses { buses in
                let (own, other) = (EventLog(), EventLog())
                buses[0].listen(own.hear)
                buses[1].listen(other.hear)
                for bus in buses { await bus.follow([Self.news, Self.anna]) }
                let events = SampleEvents.topical + SampleEvents.general

                for event in events { buses[0].publish(event) }

                #expect(own.events == events)
                try await waitUntil("the events arrive") { other.events.count >= events.count }
                #expect(other.events == events)
                // Behind whatever would have come back.
                buses[1].publish(.outboxFilled(.other))
                try await waitUntil("the other node's event arrives") { own.events.last == .outboxFilled(.other) }
                #expect(own.events == events + [.outboxFilled(.other)], "they do not come back")
            }
        }
    }

    @Test("a gap that is told of is heard by the other node, after what was published before it")
    func gap() async throws {
        try await withNATSServer { server in
            try await server.withBuses { buses in
                let log = EventLog()
                let before = Mutex<[[Event]]>([])
                buses[1].listen(log.hear)
                buses[1].listenForGaps { before.withLock { $0.append(log.events) } }
                let events = SampleEvents.general

                for event in events { buses[0].publish(event) }
                buses[0].tellOfGap()

                try await waitUntil("the gap is heard of") { before.withLock { $0.contains(events) } }
            }
        }
    }

    @Test("what is published when following has been confirmed arrives, each time")
    func confirmation() async throws {
        try await withNATSServer { server in
            try await server.withBuses { buses in
                let heard = EventLog()
                buses[1].listen(heard.hear)
                for number in 1...200 {
                    let channel = ChannelID("@TOA#_\(number)")
                    await buses[1].follow([.channel(.example, channel)])
                    buses[0].publish(SampleEvents.post(Int64(number), in: channel))
                }
                try await waitUntil("all arrive", within: .seconds(5)) { heard.events.count == 200 }
            }
        }
    }

    @Test("many who follow at once are all confirmed")
    func manyFollow() async throws {
        try await withNATSServer { server in
            try await server.withBuses(1) { buses in
                await withTaskGroup { group in
                    for number in 0..<5000 {
                        group.addTask {
                            await buses[0].follow([
                                .user(.example, UserID("user\(number)")),
                                .channel(.example, ChannelID("@TOA#_\(number % 5)")),
                            ])
                        }
                    }
                }
                #expect(buses[0].status.topics == 5005)
            }
        }
    }

    @Test("a node is brought only what it follows, until it follows no more")
    func interest() async throws {
        try await withNATSServer { server in
            let metrics = TestMetrics()
            let watched = try NATSEventBus.example(server.url, metrics: metrics)
            let publishing = try NATSEventBus.example(server.url)
            try await [watched, publishing].use { buses in
                let heard = EventLog()
                watched.listen(heard.hear)
                func received() -> Int64 { metrics.total("rostrum_bus_events", [("result", "received")]) }
                /// Whatever was published before it has come, if it comes at all.
                func pass(_ count: Int) async throws {
                    publishing.publish(.outboxFilled(.other))
                    try await waitUntil("the last event arrives") {
                        heard.events.last == .outboxFilled(.other) && heard.events.count == count
                    }
                }

                publishing.publish(SampleEvents.post(1))
                try await pass(1)
                #expect(received() == 1)

                await watched.follow([Self.news, Self.news])
                await watched.follow([Self.news])
                watched.unfollow([Self.news, Self.news])
                publishing.publish(SampleEvents.post(2))
                publishing.publish(SampleEvents.post(2, in: ChannelID("@TOA#_other")))
                try await pass(3)
                #expect(heard.events.contains(SampleEvents.post(2)))

                watched.unfollow([Self.news])
                await watched.follow([Self.anna])
                publishing.publish(SampleEvents.post(3))
                try await pass(4)
                #expect(received() == 4)
                #expect(watched.status.topics == 1)

                // Taken back before it was asked for.
                watched.unfollow([Self.news])
                watched.follow([Self.news]) {}
                #expect(watched.status.topics == 1)
            }
        }
    }

    @Test("what one node publishes keeps its order over all topics")
    func order() async throws {
        try await withNATSServer { server in
            try await server.withBuses { buses in
                let heard = EventLog()
                buses[1].listen(heard.hear)
                let channels = (0..<20).map { ChannelID("@TOA#_\($0)") }
                await buses[1].follow(channels.map { .channel(.example, $0) })
                var random = SeededGenerator(seed: 5)
                let events = (1...5000).map { number in
                    number.isMultiple(of: 7)
                        ? .applicationChanged(SDKAppID(Int64(number)))
                        : SampleEvents.post(
                            Int64(number),
                            in: channels[Int.random(in: 0..<20, using: &random)],
                            size: Int.random(in: 0...2000, using: &random)
                        )
                }

                for event in events { buses[0].publish(event) }

                try await waitUntil("all arrive") { heard.events.count >= events.count }
                #expect(heard.events == events)
            }
        }
    }

    @Test("two installations on the same servers hear nothing of each other")
    func installations() async throws {
        try await withNATSServer { server in
            try await server.withBuses(2, installation: "one") { one in
                try await server.withBuses(2, installation: "two") { two in
                    let (heard, last) = (EventLog(), EventLog())
                    one[0].listen(heard.hear)
                    two[1].listen(last.hear)
                    for bus in one + two { await bus.follow([Self.news]) }

                    two[0].publish(SampleEvents.post(1))
                    two[0].publish(.outboxFilled(.example))

                    try await waitUntil("the own nodes hear it") { last.events.count == 2 }
                    // Behind whatever would have come from the other installation.
                    one[1].publish(.outboxFilled(.other))
                    try await waitUntil("the own node is heard") { heard.events.last == .outboxFilled(.other) }
                    #expect(heard.events == [.outboxFilled(.other)])
                    #expect(one[0].nodes == [one[1].node])
                    #expect(two[0].nodes == [two[1].node])
                }
            }
        }
    }

    @Test("a post that the server would not take arrives as a hint")
    func oversized() async throws {
        try await withTemporaryDirectory { directory in
            let file = try writeFile("\(directory)/nats.conf", "max_payload: 2048")
            try await withNATSServer(["-c", file]) { server in
                try await server.withBuses { buses in
                    let heard = EventLog()
                    buses[1].listen(heard.hear)
                    await buses[1].follow([Self.news])

                    buses[0].publish(SampleEvents.post(1, size: 3000))
                    buses[0].publish(SampleEvents.post(2))

                    try await waitUntil("both arrive") { heard.events.count == 2 }
                    let position = ChannelPosition(messageSeq: 1, eventSeq: 1)
                    #expect(
                        heard.events == [
                            .channelMoved(SampleEvents.reference, position, lineage: 2), SampleEvents.post(2),
                        ]
                    )
                }
            }
        }
    }
}

extension TestMetrics {
    /// The sum of a counter; 0 when nothing was counted.
    func total(_ label: String, _ dimensions: [(String, String)] = []) -> Int64 {
        (try? expectCounter(label, dimensions).totalValue) ?? 0
    }
}

import ChatProtocol
import Database
import DatabasePostgres
import RostrumTesting
import Testing

/// A server that stops, starts, and is another one afterwards.
@Suite struct PostgresServerTests {
    @Test("while the server is away operations are refused in time; when it is back, all that was answered is there")
    func restart() async throws {
        try await PostgresFixture.withServer { server, fixture async throws in
            try await fixture.with {
                $0.reconnecting = .milliseconds(500)
            } _: { database async throws in
                try await database.addThing(1)
                try await server.stop()

                let began = ContinuousClock.now
                for id in Int64(2)...4 {
                    #expect(await refusal { try await database.addThing(id) }?.storageFault == .unavailable)
                    #expect(await refusal { try await database.thingIDs() }?.storageFault == .unavailable)
                }
                #expect(ContinuousClock.now - began < .seconds(5))

                try await server.start()
                try await waitUntil("it is connected again") { await refusal { try await database.addThing(5) } == nil }
                try await waitUntil("it can be read again") { await refusal { try await database.thingIDs() } == nil }
                #expect(try await database.thingIDs() == [1, 5])
            }
        }
    }

    @Test("who writes or reads while the server is restarted waits for it")
    func shortOutage() async throws {
        try await PostgresFixture.withServer { server, fixture async throws in
            try await fixture.with {
                $0.reconnecting = .seconds(30)
            } _: { database async throws in
                try await database.addThing(1)
                try await server.stop()
                async let written: Void = database.addThing(2)
                async let read = database.read { tx throws(ChatError) in try tx.row("SELECT 1") }
                try await server.start()

                try await written
                _ = try await read
                #expect(try await database.thingIDs() == [1, 2])
            }
        }
    }

    @Test("a server that crashes under load has every write that was answered, once")
    func crash() async throws {
        try await PostgresFixture.withServer(isDurable: true) { server, fixture async throws in
            try await fixture.with {
                $0.reconnecting = .milliseconds(100)
            } _: { database async throws in
                #expect(database.server.isDurable && database.server.hasChecksums)
                let answered = try await withThrowingTaskGroup(of: Int64?.self) { group in
                    for id in Int64(1)...2000 {
                        let turn = Turn.application(SDKAppID(id % 7 + 1))
                        group.addTask {
                            let error = await refusal {
                                try await database.write(of: turn) { tx throws(ChatError) in
                                    try Things.add(id, in: tx)
                                }
                            }
                            return error == nil ? id : nil
                        }
                    }
                    try await waitUntil("some are written") { try await database.thingIDs().count > 100 }
                    try await server.stop(isCrash: true)
                    return try await group.reduce(into: [Int64]()) { if let id = $1 { $0.append(id) } }
                }
                try await server.start()

                try await waitUntil("it can be read again") { await refusal { try await database.thingIDs() } == nil }
                let stored = Set(try await database.thingIDs())
                #expect(answered.count >= 100)
                #expect(stored.isSuperset(of: answered))
            }
        }
    }

    @Test("of several hosts the one that writes is found")
    func severalHosts() async throws {
        let server = try await PostgresServer.shared.value
        let port = "127.0.0.1:\(server.port)"
        let url = server.url(overTCP: true).replacing(port, with: "127.0.0.1:1,\(port)")

        try await PostgresFixture(url: url).with { database async throws in
            let answer = try await database.read { tx throws(ChatError) in try tx.row("SELECT 1") }
            #expect(answer == Row([.integer(1)]))
        }
    }

    @Test("a standby is not written to; once it is promoted it is, and its new timeline is told before that")
    func promotion() async throws {
        try await PostgresFixture.withServer { server, fixture async throws in
            let (timelines, before) = (Notes<Int64>(), Notes<Int64>())
            let seen = Notes<[Int64]>()
            try await fixture.with {
                $0.reconnecting = .milliseconds(100)
            } _: { database async throws in
                database.listenForLineages { timelines.add($0) }
                database.listenForLineages { _ in before.add(database.lineage) }
                try await database.addThing(1)
                #expect(timelines.all == [])
                #expect(database.lineage == 1)
                try await server.stop()
                try await server.startAsStandby()
                #expect(await refusal { try await database.addThing(2) }?.storageFault == .unavailable)
                #expect(await refusal { try await database.thingIDs() }?.storageFault == .unavailable)

                try await server.promote()
                try await waitUntil("it is written to") {
                    await refusal {
                        try await database.write { tx throws(ChatError) in
                            seen.add(timelines.all + [database.lineage, tx.lineage])
                            try Things.add(3, in: tx)
                        }
                    } == nil
                }

                #expect(seen.all == [[2, 2, 2]])
                try await waitUntil("it is read") { await refusal { try await database.thingIDs() } == nil }
                #expect(try await database.thingIDs() == [1, 3])
                #expect(timelines.all == [2])
                #expect(before.all == [1])
            }
        }
    }

    @Test("a server with an older timeline than was seen is neither written nor read; the newer one is gone on with")
    func oldPrimary() async throws {
        try await PostgresFixture.withServer { old, _ async throws in
            try await PostgresFixture.withServer { new, _ async throws in
                try await new.stop()
                try await new.startAsStandby()
                try await new.promote()
                try await PostgresRelay.with(to: new) { relay in
                    try await PostgresFixture(url: relay.url(of: new.url())).with {
                        $0.reconnecting = .milliseconds(300)
                    } _: { database async throws in
                        try await database.addThing(1)
                        #expect(database.lineage == 2)
                        relay.turn(to: old)

                        let error = await refusal { try await database.addThing(2) }
                        #expect(error?.storageFault == .unavailable)
                        #expect((error?.cause as? DatabaseError)?.message.contains("timeline 1") == true)
                        #expect(await refusal { try await database.thingIDs() }?.storageFault == .unavailable)

                        relay.turn(to: new)
                        try await waitUntil("it is written to") {
                            await refusal { try await database.addThing(3) } == nil
                        }
                        try await waitUntil("it is read") { await refusal { try await database.thingIDs() } == nil }
                        #expect(try await database.thingIDs() == [1, 3])
                    }
                }
                try await PostgresFixture(url: old.url()).with { database async throws in
                    #expect(try await database.thingIDs() == [])
                }
            }
        }
    }

    @Test("what another node has seen counts, also for connections that stand")
    func learnedTimeline() async throws {
        try await PostgresFixture.withServer { server, fixture async throws in
            try await fixture.with {
                $0.reconnecting = .milliseconds(300)
            } _: { database async throws in
                try await database.addThing(1)
                database.learn(lineage: 1)
                try await database.addThing(2)

                database.learn(lineage: 2)
                #expect(await refusal { try await database.addThing(3) }?.storageFault == .unavailable)
                try await server.stop()
                try await server.startAsStandby()
                try await server.promote()

                try await waitUntil("it is written to") { await refusal { try await database.addThing(4) } == nil }
                try await waitUntil("it is read") { await refusal { try await database.thingIDs() } == nil }
                #expect(try await database.thingIDs() == [1, 2, 4])
            }
        }
    }
}

import ChatProtocol
import Database
import DatabasePostgres
import RostrumTesting
import Testing

/// What loses against another transaction is done again; what cannot be had is refused in time.
@Suite struct PostgresConflictTests {
    private static func raise(_ state: String, in tx: any Transaction) throws(ChatError) {
        try tx.execute(SQL(stringLiteral: "DO $$ BEGIN RAISE SQLSTATE '\(state)'; END $$"))
    }

    @Test("a write that loses is begun again, and leaves nothing of its first attempts", arguments: ["40001", "40P01"])
    func begunAgain(state: String) async throws {
        try await PostgresFixture.things().with { database async throws in
            let attempts = Notes<Int>()
            let done = Notes<Int>()

            try await database.write { tx throws(ChatError) in
                attempts.add(1)
                tx.onCommit { done.add(attempts.all.count) }
                try Things.add(Int64(attempts.all.count), in: tx)
                if attempts.all.count < 3 { try Self.raise(state, in: tx) }
            }

            #expect(attempts.all.count == 3)
            #expect(done.all == [3])
            #expect(try await database.thingIDs() == [3])
        }
    }

    @Test("a write that loses again and again is refused as busy in the end")
    func hopeless() async throws {
        try await PostgresFixture.things().with { database async throws in
            let attempts = Notes<Int>()

            let error = await refusal {
                try await database.write { tx throws(ChatError) in
                    attempts.add(1)
                    try Self.raise("40001", in: tx)
                }
            }

            #expect(error?.storageFault == .busy)
            #expect(attempts.all.count == 6)
            try await database.addThing(1)
        }
    }

    @Test("a write of a group that loses takes nobody with it, and all are done once")
    func inAGroup() async throws {
        try await PostgresFixture.things().with { database async throws in
            let attempts = Notes<Int>()
            let done = Notes<Int>()

            let outcomes = await writeTogether(in: database, 1...9) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
                tx.onCommit { done.add(Int(id)) }
                guard id == 5 else { return }
                attempts.add(1)
                if attempts.all.count < 3 { try Self.raise("40001", in: tx) }
            }

            #expect(outcomes.allSatisfy { $0 == nil })
            #expect(done.all.sorted() == Array(1...9))
            #expect(try await database.thingIDs() == Array(1...9))
        }
    }

    @Test("two nodes that wait for each other's rows both come to their end")
    func deadlock() async throws {
        let fixture = try await PostgresFixture.things()
        try await fixture.with { first async throws in
            try await fixture.with { second async throws in
                for id in Int64(1)...2 { try await first.addThing(id, "") }
                let meeting = Meeting(of: 2)

                try await withThrowingTaskGroup { group in
                    for (database, ids) in [(first, [1, 2] as [Int64]), (second, [2, 1])] {
                        group.addTask {
                            try await database.write(of: .unordered) { tx throws(ChatError) in
                                try tx.execute("UPDATE things SET name = name || 'x' WHERE id = \(ids[0])")
                                meeting.meet()
                                try tx.execute("UPDATE things SET name = name || 'x' WHERE id = \(ids[1])")
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let names = try await first.read { tx throws(ChatError) in try tx.rows("SELECT name FROM things") }

                #expect(names == Array(repeating: Row([.text("xx")]), count: 2))
            }
        }
    }

    @Test("who waits too long for his turn is refused as busy, and whoever waits behind him with him")
    func lockTimeout() async throws {
        let fixture = try await PostgresFixture.things()
        try await fixture.with { first async throws in
            try await fixture.with {
                $0.lockTimeout = .milliseconds(200)
            } _: { second async throws in
                let held = HeldTransaction()
                async let holding: Void = first.write { tx throws(ChatError) in
                    try Things.add(1, in: tx)
                    held.hold()
                }
                defer { held.goOn() }
                await held.waitUntilBegun()

                let began = ContinuousClock.now
                let outcomes = await writeTogether(in: second, 2...9) { tx, id throws(ChatError) in
                    try Things.add(id, in: tx)
                }

                #expect(outcomes.allSatisfy { $0?.storageFault == .busy })
                #expect(ContinuousClock.now - began < .seconds(3), "not each for himself")
                held.goOn()
                try await holding
                try await second.addThing(10)
                #expect(try await second.thingIDs() == [1, 10])
            }
        }
    }

    @Test(
        "who migrates waits for another node that does, and says so, as long as he has patience",
        arguments: [true, false]
    )
    func migrationWaits(isPatient: Bool) async throws {
        let fixture = try await PostgresFixture.things()
        try await fixture.with { first async throws in
            try await fixture.with {
                $0.lockTimeout = .milliseconds(100)
            } _: { second async throws in
                let (held, waits) = (HeldTransaction(), Notes<DatabaseError>())
                async let holding: Void = first.write { tx throws(ChatError) in
                    try Things.add(1, in: tx)
                    held.hold()
                }
                defer { held.goOn() }
                await held.waitUntilBegun()

                async let steps = second.migrate(
                    Things.migrations + [Migration(2, ["CREATE TABLE others (id BIGINT PRIMARY KEY)"])],
                    waiting: isPatient ? .seconds(60) : .zero
                ) {
                    waits.add($0)
                }
                if isPatient {
                    try await waitUntil("it has waited twice") { waits.all.count >= 2 }
                    held.goOn()
                    #expect(try await steps == 1)
                } else {
                    do {
                        _ = try await steps
                        Issue.record("it migrated past another node")
                    } catch {
                        #expect((error as? ChatError)?.storageFault == .busy)
                    }
                    held.goOn()
                    #expect(waits.all.isEmpty)
                }

                #expect(waits.all.allSatisfy { $0.kind == .busy })
                try await holding
            }
        }
    }

    @Test("a statement that takes too long is cancelled by the server, and harms nobody in its group")
    func statementTimeout() async throws {
        try await PostgresFixture.things().with {
            $0.statementTimeout = .milliseconds(200)
        } _: { database async throws in
            let outcomes = await writeTogether(in: database, 1...5) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
                if id == 3 { _ = try tx.rows("SELECT pg_sleep(10)::text") }
            }

            #expect(outcomes.map { $0?.storageFault } == [nil, nil, .busy, nil, nil])
            #expect(try await database.thingIDs() == [1, 2, 4, 5])
        }
    }
}

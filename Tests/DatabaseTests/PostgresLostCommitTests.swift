import ChatProtocol
import Database
import DatabasePostgres
import RostrumTesting
import Testing

/// A commit whose answer does not come: what became of it is found out, and where it cannot be, nothing is guessed.
@Suite(.timeLimit(.minutes(5))) struct PostgresLostCommitTests {
    private static let reset = Duration.milliseconds(300)

    /// A database of the shared server that is reached by a relay.
    private func withRelay(
        _ change: (inout PostgresDatabase.Configuration) -> Void = { _ in },
        _ body: (PostgresDatabase, PostgresRelay) async throws -> Void
    ) async throws {
        let fixture = try await PostgresFixture.things()
        try await PostgresRelay.with(to: PostgresServer.shared.value) { relay in
            try await PostgresFixture(url: relay.url(of: fixture.url)).with(change) { try await body($0, relay) }
        }
    }

    @Test("writes that were committed are answered, once, and told of", arguments: [1, 9])
    func committed(count: Int64) async throws {
        let commits = Notes<Int>()
        try await withRelay {
            $0.onCommit = { operations, _ in commits.add(operations) }
        } _: { database, relay async throws in
            let (attempts, done) = (Notes<Int64>(), Notes<Int64>())

            let outcomes = await writeTogether(in: database, 1...count) { tx, id throws(ChatError) in
                // The one that holds the others up is committed before.
                relay.loseNextCommit()
                attempts.add(id)
                try Things.add(id, in: tx)
                tx.onCommit { done.add(id) }
            }

            #expect(relay.lostCommits == 1)
            #expect(outcomes.allSatisfy { $0 == nil })
            #expect(attempts.all.count == count)
            #expect(done.all.sorted() == Array(1...count))
            #expect(commits.all.reduce(0, +) == count + 1)
            #expect(try await database.thingIDs() == Array(1...count))
        }
    }

    @Test("writes that take no turn are looked after like others")
    func unordered() async throws {
        try await withRelay { database, relay async throws in
            relay.loseNextCommit()
            try await database.write(of: .unordered) { tx throws(ChatError) in try Things.add(1, in: tx) }

            #expect(relay.lostCommits == 1)
            #expect(try await database.thingIDs() == [1])
        }
    }

    @Test("writes that were undone at the commit are done again", arguments: [1, 9])
    func undone(count: Int64) async throws {
        try await PostgresFixture.things().with { database async throws in
            try await database.dieAtCommit(when: "nextval('commits') = 1")
            let done = Notes<Int64>()

            let outcomes = await writeTogether(in: database, 1...count) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
                tx.onCommit { done.add(id) }
            }

            #expect(outcomes.allSatisfy { $0 == nil })
            #expect(done.all.sorted() == Array(1...count))
            #expect(try await database.thingIDs() == Array(1...count))
        }
    }

    @Test("writes that are undone at every commit are refused, and are not there", arguments: [1, 9])
    func undoneAgain(count: Int64) async throws {
        try await PostgresFixture.things().with { database async throws in
            try await database.dieAtCommit(when: "new.id = 1")
            let attempts = Notes<Int64>()

            let outcomes = await writeTogether(in: database, 1...count) { tx, id throws(ChatError) in
                attempts.add(id)
                try Things.add(id, in: tx)
            }

            #expect(outcomes.allSatisfy { $0?.storageFault == .unavailable })
            #expect(attempts.all.count == 2 * count)
            try await database.addThing(100)
            #expect(try await database.thingIDs() == [100])
        }
    }

    @Test("when the server cannot be asked the writes are refused as uncertain, and when it can be, that is told")
    func unreachable() async throws {
        try await withRelay {
            $0.reconnecting = Self.reset
        } _: { database, relay async throws in
            let (attempts, told) = (Notes<Int64>(), Notes<Int>())
            database.listenForUncertainty { told.add(1) }
            relay.loseNextCommit(staysAway: true)

            let error = await refusal {
                try await database.write { tx throws(ChatError) in
                    attempts.add(1)
                    try Things.add(1, in: tx)
                    tx.onCommit { attempts.add(2) }
                }
            }

            #expect(error?.storageFault == .uncertain)
            #expect(attempts.all == [1], "neither done again nor told of")
            #expect(await refusal { try await database.thingIDs() }?.storageFault == .unavailable)
            #expect(told.all.isEmpty, "nobody could look yet")
            relay.mend()
            try await waitUntil("it can be read again") { await refusal { try await database.thingIDs() } == nil }
            try await waitUntil("it is told") { !told.all.isEmpty }
            #expect(try await database.thingIDs() == [1])
            #expect(told.all.count == 1)
        }
    }

    private enum Meanwhile: CaseIterable {
        case stop, crash, promotion
    }

    @Test(
        "what became of a commit is known after a stop; not after a crash or a failover, when numbers are given again",
        arguments: [(Meanwhile.stop, nil), (.crash, .uncertain), (.promotion, .uncertain)]
            as [(Meanwhile, DatabaseError.Kind?)]
    )
    private func restarted(meanwhile: Meanwhile, fault: DatabaseError.Kind?) async throws {
        try await PostgresFixture.withServer { server, fixture async throws in
            try await PostgresRelay.with(to: server) { relay in
                try await PostgresFixture(url: relay.url(of: server.url())).with {
                    $0.reconnecting = .seconds(60)
                } _: { database async throws in
                    try await database.addThing(1)
                    let told = Notes<Int>()
                    database.listenForUncertainty { told.add(1) }
                    relay.loseNextCommit(staysAway: true)
                    async let error = refusal { try await database.addThing(2) }
                    try await waitUntil("it is committed") { relay.lostCommits == 1 }

                    try await server.stop(isCrash: meanwhile == .crash)
                    if meanwhile == .promotion {
                        try await server.startAsStandby()
                        try await server.promote()
                    } else {
                        try await server.start()
                    }
                    relay.mend()

                    #expect(await error?.storageFault == fault)
                    #expect(told.all.count == (fault == nil ? 0 : 1))
                    let stored = try await database.thingIDs()
                    #expect(stored == [1, 2] || meanwhile == .crash && stored == [1])
                }
            }
        }
    }
}

extension PostgresDatabase {
    /// Has the server end the connection of a transaction that adds a thing, while it commits.
    ///
    /// - Parameter condition: in SQL; `new` is the thing, `commits` a sequence.
    fileprivate func dieAtCommit(when condition: String) async throws(ChatError) {
        try await write { tx throws(ChatError) in
            try tx.execute("CREATE SEQUENCE commits")
            try tx.execute(
                SQL(
                    stringLiteral: """
                        CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
                        'BEGIN IF \(condition.replacing("'", with: "''")) THEN
                        PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END'
                        """
                )
            )
            try tx.execute(
                """
                CREATE CONSTRAINT TRIGGER death AFTER INSERT ON things DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION die()
                """
            )
        }
    }
}

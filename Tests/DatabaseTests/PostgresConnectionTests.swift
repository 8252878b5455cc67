import ChatProtocol
import Database
import DatabasePostgres
import RostrumTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Connections that end: what was not committed is done again, and work goes on.
@Suite struct PostgresConnectionTests {
    /// Ends the connection that it is run over.
    private static let suicide: SQL = "SELECT pg_terminate_backend(pg_backend_pid())"

    @Test("a write whose connection is cut before its commit is done over a new one, once", arguments: [1, 9])
    func cutBeforeCommit(count: Int64) async throws {
        try await PostgresFixture.things().with { database async throws in
            let attempts = Notes<Int>()
            let done = Notes<Int>()

            let outcomes = await writeTogether(in: database, 1...count) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
                tx.onCommit { done.add(Int(id)) }
                guard id == (count + 1) / 2 else { return }
                attempts.add(1)
                if attempts.all.count == 1 { _ = try tx.row(Self.suicide) }
            }

            #expect(outcomes.allSatisfy { $0 == nil })
            #expect(attempts.all.count == 2)
            #expect(done.all.sorted() == Array(1...Int(count)))
            #expect(try await database.thingIDs() == Array(1...count))
        }
    }

    @Test("a write that loses every connection is refused as unavailable, and the next one is done", arguments: [1, 9])
    func cutAgain(count: Int64) async throws {
        try await PostgresFixture.things().with { database async throws in
            let outcomes = await writeTogether(in: database, 1...count) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
                if id == 1 { _ = try tx.row(Self.suicide) }
            }

            #expect(outcomes.allSatisfy { $0?.storageFault == .unavailable })
            try await database.addThing(100)
            #expect(try await database.thingIDs() == [100])
        }
    }

    @Test("connections that were cut while nobody used them are not noticed by who comes next")
    func cutWhileIdle() async throws {
        let fixture = try await PostgresFixture.things()
        try await fixture.with { database async throws in
            try await fixture.with { other async throws in
                for round in Int64(1)...3 {
                    let writer = try await database.write { tx throws(ChatError) in try tx.backend() }
                    let reader = try await database.read { tx throws(ChatError) in try tx.backend() }
                    for backend in [writer, reader] { try await other.cut(backend) }
                    // Not by pg_stat_activity: a backend leaves it before it hangs up.
                    try await waitUntil("both are gone") {
                        [writer, reader].allSatisfy { kill(pid_t(truncatingIfNeeded: $0), 0) != 0 && errno == ESRCH }
                    }

                    let seen = try await database.thingIDs()
                    try await database.addThing(round)
                    #expect(seen == Array(1..<round))
                }
            }
        }
    }

    @Test("a read whose connection is cut is refused, and those that were read with it are not harmed")
    func cutWhileReading() async throws {
        try await PostgresFixture.things().with { database async throws in
            try await database.addThing(1)

            let outcomes = await withTaskGroup(of: (Int, ChatError?).self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let error = await refusal {
                            try await database.read { tx throws(ChatError) in
                                if number == 50 { _ = try tx.row(Self.suicide) }
                                return try Things.ids(in: tx)
                            }
                        }
                        return (number, error)
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }

            #expect(outcomes.keys.sorted() == [50])
            #expect(outcomes[50]?.storageFault == .unavailable)
        }
    }

    @Test("a server that stands still is given up after a while, and the write is done over a new connection")
    func standingStill() async throws {
        let fixture = try await PostgresFixture.things()
        try await fixture.with {
            $0.patience = .milliseconds(300)
        } _: { database async throws in
            let stopped = Notes<pid_t>()
            defer { for backend in stopped.all { kill(backend, SIGCONT) } }

            let began = ContinuousClock.now
            try await database.write(of: .unordered) { tx throws(ChatError) in
                let backend = pid_t(try tx.backend())
                if stopped.all.isEmpty {
                    stopped.add(backend)
                    kill(backend, SIGSTOP)
                }
                try Things.add(1, in: tx)
            }

            #expect(ContinuousClock.now - began >= .milliseconds(300))
            #expect(stopped.all.count == 1)
            #expect(try await database.thingIDs() == [1])
        }
    }

    @Test("a server that no longer writes is left for one that does")
    func readOnlyServer() async throws {
        try await PostgresFixture.things().with { database async throws in
            let first = try await database.write { tx throws(ChatError) in
                try tx.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
                return try tx.backend()
            }

            let second = try await database.write { tx throws(ChatError) in
                try Things.add(1, in: tx)
                return try tx.backend()
            }

            #expect(first != second)
            #expect(try await database.thingIDs() == [1])
        }
    }

    @Test("a node that stands still in a transaction keeps others waiting only so long, and then does its write again")
    func nodeStandingStill() async throws {
        let fixture = try await PostgresFixture.things()
        try await fixture.with {
            $0.idleTimeout = .milliseconds(200)
        } _: { still async throws in
            try await fixture.with { other async throws in
                let (held, attempts) = (HeldTransaction(), Notes<Int>())
                async let writing: Void = still.write { tx throws(ChatError) in
                    attempts.add(1)
                    try Things.add(1, in: tx)
                    if attempts.all.count == 1 { held.hold() }
                    try Things.add(2, in: tx)
                }
                defer { held.goOn() }
                await held.waitUntilBegun()

                try await other.addThing(3)
                held.goOn()
                try await writing

                #expect(attempts.all.count == 2)
                #expect(try await other.thingIDs() == [1, 2, 3])
            }
        }
    }

    @Test("a table that another node changes is written to by the statements that were prepared before")
    func changedTable() async throws {
        let fixture = try await PostgresFixture.things()
        let insert: @Sendable (any Transaction) throws(ChatError) -> Row? = { tx throws(ChatError) in
            try tx.row("INSERT INTO things (id, name) SELECT count(*), 'x' FROM things RETURNING id, data")
        }
        try await fixture.with { first async throws in
            try await fixture.with { second async throws in
                #expect(try await first.write(insert) == Row([.integer(0), .null]))
                _ = try await second.write { tx throws(ChatError) in
                    try tx.execute("ALTER TABLE things ALTER COLUMN data TYPE TEXT USING 'changed'")
                }

                #expect(try await first.write(insert) == Row([.integer(1), .null]))
            }
        }
    }

    @Test("what is committed is on disk, even where the database's settings say otherwise")
    func synchronousCommit() async throws {
        let fixture = PostgresFixture(url: try await PostgresSchemas.new() + "%20-csynchronous_commit%3Doff")
        try await fixture.with { database async throws in
            let level = try await database.write { tx throws(ChatError) in
                try tx.row("SELECT current_setting('synchronous_commit')")?.text(0)
            }

            #expect(level == "on")
            #expect(!database.server.isDurable, "the tests' server writes to no disk")
            #expect(database.server.version >= 130_000)
        }
    }
}

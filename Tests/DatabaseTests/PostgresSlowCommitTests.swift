import ChatProtocol
import Database
import DatabasePostgres
import RostrumTesting
import Testing

/// A commit that is lost and goes on for longer than anybody waits for it, as one does that waits for a standby.
@Suite(.timeLimit(.minutes(5))) struct PostgresSlowCommitTests {
    /// How a commit that waits loses its connection.
    private enum Outage: CaseIterable {
        /// The server can be asked at once, and says that it is at it still.
        case moment
        /// The server cannot be reached for as long as anybody waits.
        case long
        /// It goes away once more when it is asked.
        case repeated
    }

    private func begin(_ outage: Outage, at relay: PostgresRelay) {
        if outage == .repeated { relay.loseNext(.underWay, staysAway: true) }
        relay.cut(staysAway: outage == .long)
    }

    @Test(
        "a commit that the server is at still is refused as uncertain, and told of when it can be seen",
        arguments: Outage.allCases
    )
    private func underWay(outage: Outage) async throws {
        let fixture = try await PostgresFixture.things()
        try await PostgresRelay.with(to: PostgresServer.shared.value) { relay in
            try await fixture.with {
                $0.freeWriters = 1
            } _: { direct async throws in
                let lock = Int64.random(in: 1...Int64(Int32.max))
                try await direct.waitAtCommit(for: lock)
                try await direct.call("pg_advisory_lock(\(lock))")
                try await PostgresFixture(url: relay.url(of: fixture.url)).with {
                    $0.reconnecting = .milliseconds(300)
                } _: { database async throws in
                    let told = Notes<Int>()
                    database.listenForUncertainty { told.add(1) }
                    async let error = refusal { try await database.addThing(1) }
                    try await waitUntil("it is being committed") { try await direct.isWaitedFor(lock) }
                    begin(outage, at: relay)
                    #expect(await error?.storageFault == .uncertain)
                    relay.mend()
                    try await waitUntil("it can be read again") {
                        await refusal { try await database.thingIDs() } == nil
                    }

                    // The database answers, and is asked again what became of it.
                    for _ in 0..<20 {
                        #expect(try await database.thingIDs() == [])
                        try await Task.sleep(for: .milliseconds(20))
                    }
                    #expect(told.all.isEmpty, "nobody would see it yet")
                    try await direct.call("pg_advisory_unlock(\(lock))")
                    try await waitUntil("it is told") {
                        _ = try await database.thingIDs()
                        return !told.all.isEmpty
                    }
                    #expect(try await database.thingIDs() == [1])
                    #expect(told.all.count == 1)
                }
            }
        }
    }
}

extension PostgresDatabase {
    /// Has every transaction that adds a thing wait for a lock while it commits.
    fileprivate func waitAtCommit(for lock: Int64) async throws(ChatError) {
        try await write { tx throws(ChatError) in
            try tx.execute(
                SQL(
                    stringLiteral: """
                        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
                        'BEGIN PERFORM pg_advisory_xact_lock_shared(\(lock)); RETURN NULL; END'
                        """
                )
            )
            try tx.execute(
                """
                CREATE CONSTRAINT TRIGGER waiting AFTER INSERT ON things DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION wait()
                """
            )
        }
    }

    /// Calls a function over the only connection that writes out of turn, which then has the locks that it takes.
    fileprivate func call(_ function: String) async throws(ChatError) {
        _ = try await write(of: .unordered) { tx throws(ChatError) in
            try tx.row(SQL(stringLiteral: "SELECT 1 FROM \(function)"))
        }
    }

    fileprivate func isWaitedFor(_ lock: Int64) async throws(ChatError) -> Bool {
        try await read { tx throws(ChatError) in
            let query: SQL = """
                SELECT count(*) FROM pg_locks
                WHERE locktype = 'advisory' AND NOT granted AND classid = 0 AND objid::bigint = \(lock)
                """
            return try tx.row(query)?.integer(0) == 1
        }
    }
}

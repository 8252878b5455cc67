import Chat
import ChatProtocol
import Database
import DatabaseSQLite
import RostrumTesting
import Server
import Testing

/// A one-machine installation is moved to PostgreSQL.
@Suite struct StorageMoveTests {
    private struct Stopped: Error {}

    @Test("an installation is the same on the other side, and goes on there")
    func whole() async throws {
        try await MovableInstallation.with { movable in
            let summary = try await movable.move()

            #expect(summary.rows > 20)
            #expect(await movable.openingRefusal() == nil)
            try await movable.target.withDatabase { database in
                // Other numbers than those that the source was filled with.
                let moved = TestInstallation(database: database, random: SeededRandom(seed: 7))
                #expect(try await MovableInstallation.Contents(moved) == movable.contents)
                let next = try await MovableInstallation.post("m6", in: moved)
                #expect(next.seq == 6)
            }
        }
    }

    @Test("every table of the schema is moved or known to be left behind")
    func tables() async throws {
        try await MovableInstallation.with { movable in
            let source = try SQLiteDatabase(path: movable.directory.database)
            let all = try await source.read { tx throws(ChatError) in try Table.all(inSQLite: tx).map(\.name) }
            await source.close()
            var verified: Set<String> = []
            try await movable.move { report in
                if report.stage == .verifying { verified.insert(report.table) }
            }

            #expect(StorageMove.leftBehind.isSubset(of: all))
            #expect(verified == Set(all).subtracting(StorageMove.leftBehind))
            #expect(verified.isSuperset(of: ["accounts", "application_keys", "broadcasts", "channels", "outbox"]))
        }
    }

    @Test(
        "a move that is stopped after any number of batches is opened by nobody, and is gone on with",
        arguments: [1, 4, 9]
    )
    func resumed(batches: Int) async throws {
        try await MovableInstallation.with { movable in
            var left = batches
            let stopped = await movable.refusal { report in
                guard !report.isTableDone else { return }
                left -= 1
                if left == 0 { throw Stopped() }
            }
            #expect(stopped?.contains("Stopped") == true)
            #expect(await movable.openingRefusal()?.contains("migrate-storage") == true)

            var first: MoveReport?
            try await movable.move { report in
                if first == nil, report.stage == .copying, report.rows > 0 { first = report }
            }
            // What was there was not copied again.
            #expect((first?.rows ?? 0) > Int64(batches))
            try await movable.target.withDatabase { database in
                let contents = try await MovableInstallation.Contents(TestInstallation(database: database))
                #expect(contents == movable.contents)
            }
        }
    }

    @Test(
        "what differs on the other side is found, and the target stays shut",
        arguments: [
            "UPDATE accounts SET nick = 'x' WHERE id = 'carl'",
            "UPDATE accounts SET created_at = created_at + 1 WHERE id = 'emil'",
            "DELETE FROM accounts WHERE id = 'anna'",
        ]
    )
    func changed(statement: String) async throws {
        try await MovableInstallation.with { movable in
            let refusal = await movable.refusal { report in
                guard report.stage == .copying, report.table == "accounts", report.isTableDone else { return }
                try await movable.change(SQL(stringLiteral: statement))
            }

            #expect(refusal?.contains("the table accounts differs") == true)
            #expect(await movable.openingRefusal() != nil)
        }
    }

    @Test("a target that holds an installation is refused, and stays as it is")
    func notEmpty() async throws {
        try await MovableInstallation.with { movable in
            let other = try await OpenStorage.open(
                .server(movable.target.location),
                masterKey: .text(String(repeating: "e1", count: 32))
            )
            let properties: SQL = "SELECT name, value FROM storage_properties ORDER BY name"
            let before = try await other.database.read { tx throws(ChatError) in try tx.rows(properties) }

            let refusal = await movable.refusal()

            #expect(refusal?.contains("holds an installation already") == true)
            let after = try await other.database.read { tx throws(ChatError) in try tx.rows(properties) }
            #expect(after == before)
            await other.database.close()
        }
    }

    @Test("a move that has ended, or that of another installation, is not begun again")
    func otherMoves() async throws {
        try await MovableInstallation.with { movable in
            try await movable.move()
            #expect(await movable.refusal()?.contains("moved to the target already") == true)

            try await MovableInstallation.with { other in
                let error = await #expect(throws: StartError.self) { try await other.move(to: movable.target) }
                #expect(error?.description.contains("of another installation") == true)
            }
        }
    }

    @Test("an installation that is served is not moved")
    func inUse() async throws {
        try await MovableInstallation.with { movable in
            let lock = try movable.directory.lock()
            let refusal = await movable.refusal()
            _ = consume lock

            #expect(refusal?.contains("another server is running") == true)
            #expect(await movable.refusal() == nil)
        }
    }
}

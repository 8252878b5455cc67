import ChatProtocol
import Database
import RostrumTesting
import Testing

/// The part of SQL that features may use, and that a value never becomes part of a statement.
@Suite struct StatementContractTests {
    @Test("values are bound in order and never written into the text")
    func interpolation() {
        let (name, nothing): (String, Int64?) = ("'; DROP TABLE things; --", nil)
        let statement: SQL = "UPDATE things SET name = \(name), data = \(nothing) WHERE id = \(7) OR name = \(name)"

        #expect(statement.text == "UPDATE things SET name = $1, data = $2 WHERE id = $3 OR name = $4")
        #expect(statement.values == [.text(name), .null, .integer(7), .text(name)])
    }

    @Test("a statement without values is its text")
    func plainStatement() {
        let statement: SQL = "SELECT 1"

        #expect(statement.text == "SELECT 1")
        #expect(statement.values.isEmpty)
    }

    @Test(
        "a value cannot change what a statement says",
        arguments: StorageEngine.enabled,
        ["x' OR '1' = '1", "x'; DELETE FROM things; --", "$1", "?1", ":name", "\\", "%", "x\"", "x/*"]
    )
    func injection(engine: StorageEngine, value: String) async throws {
        try await engine.withThings { database in
            try await database.addThing(1, "kept")

            let found = try await database.write { tx throws(ChatError) in
                try tx.execute("UPDATE things SET name = \("changed") WHERE name = \(value)")
                return try tx.row("SELECT id FROM things WHERE name = \(value)")
            }

            #expect(found == nil)
            let names = try await database.read { tx throws(ChatError) in try tx.rows("SELECT name FROM things") }
            #expect(names == [Row([.text("kept")])])
        }
    }

    @Test("one statement with other values, over and over, is another call each time", arguments: StorageEngine.enabled)
    func repeatedStatements(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let names = try await database.write { tx throws(ChatError) in
                for id in Int64(1)...200 { try Things.add(id, "thing \(id)", in: tx) }
                var names: [String?] = []
                for id in Int64(0)...201 {
                    names.append(try tx.row("SELECT name FROM things WHERE id = \(id)")?.text(0))
                }
                return names
            }

            #expect(names == [nil] + (1...200).map { "thing \($0)" } + [nil])
        }
    }

    @Test("a value may stand in a statement several times", arguments: StorageEngine.enabled)
    func repeatedValues(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let (limit, id): (Int64, Int64) = (0, 5)
            let changed = try await database.write { tx throws(ChatError) in
                try Things.add(id, in: tx)
                return try tx.execute("UPDATE things SET id = id + 1 WHERE id < \(limit) OR \(limit) = 0")
            }

            #expect(changed == 1)
            #expect(try await database.thingIDs() == [6])
        }
    }

    @Test("execute counts the rows that it changed", arguments: StorageEngine.enabled)
    func counts(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let counts = try await database.write { tx throws(ChatError) in
                [
                    try tx.execute("INSERT INTO things (id, name) VALUES (1, 'a'), (2, 'a'), (3, 'b')"),
                    try tx.execute("UPDATE things SET name = 'c' WHERE name = 'a'"),
                    try tx.execute("UPDATE things SET name = 'c' WHERE name = 'none'"),
                    try tx.execute("INSERT INTO things (id, name) VALUES (1, 'z') ON CONFLICT DO NOTHING"),
                    try tx.execute("DELETE FROM things WHERE id >= 2"),
                    try tx.execute("DELETE FROM things WHERE id >= 2"),
                ]
            }

            #expect(counts == [3, 2, 0, 0, 2, 0])
        }
    }

    @Test("a statement that changes no row counts none, whatever came before it", arguments: StorageEngine.enabled)
    func definitionsCountNothing(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let count = try await database.write { tx throws(ChatError) in
                try tx.execute("INSERT INTO things (id, name) VALUES (1, 'a'), (2, 'b')")
                return try tx.execute("CREATE TABLE others (id BIGINT PRIMARY KEY)")
            }

            #expect(count == 0)
        }
    }

    @Test("a conflict is skipped, or replaces what is there", arguments: StorageEngine.enabled)
    func conflicts(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let rows = try await database.write { tx throws(ChatError) in
                try Things.add(1, "first", in: tx)
                try Things.add(2, "second", in: tx)
                try tx.execute("INSERT INTO things (id, name) VALUES (1, 'x') ON CONFLICT (id) DO NOTHING")
                try tx.execute(
                    """
                    INSERT INTO things (id, name) VALUES (\(2), \("new"))
                    ON CONFLICT (id) DO UPDATE SET name = excluded.name
                    """
                )
                return try tx.rows("SELECT id, name FROM things ORDER BY id")
            }

            #expect(rows == [Row([.integer(1), .text("first")]), Row([.integer(2), .text("new")])])
        }
    }

    @Test("RETURNING gives the changed rows, and all of them are changed", arguments: StorageEngine.enabled)
    func returning(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let (inserted, updated, deleted) = try await database.write { tx throws(ChatError) in
                for id in Int64(2)...5 { try Things.add(id, "old", in: tx) }
                let inserted = try tx.row("INSERT INTO things (id, name) VALUES (\(1), 'old') RETURNING id, name")
                // Only the first row is asked for; the statement must have done its work all the same.
                _ = try tx.row("UPDATE things SET name = 'new' RETURNING id")
                let updated = try tx.rows("UPDATE things SET name = name || '!' WHERE id <= \(3) RETURNING name")
                let deleted = try tx.rows("DELETE FROM things WHERE id > \(3) RETURNING name")
                return (inserted, updated, deleted)
            }

            #expect(inserted == Row([.integer(1), .text("old")]))
            #expect(updated == Array(repeating: Row([.text("new!")]), count: 3))
            #expect(deleted == Array(repeating: Row([.text("new")]), count: 2))
            #expect(try await database.thingIDs() == [1, 2, 3])
        }
    }

    @Test(
        "a sum of integers is an integer",
        arguments: StorageEngine.enabled,
        [
            [0], [-1, 1], [7, -10_000], [10_000, 1], [123_456_789_012, 1], [.max], [.min], [.max - 1, 1],
            [40_000_000_000_000], [-100_000_000],
        ] as [[Int64]]
    )
    func sums(engine: StorageEngine, numbers: [Int64]) async throws {
        try await engine.withThings { database in
            for number in numbers { try await database.addThing(number) }

            let sum = try await database.read { tx throws(ChatError) in
                try tx.row("SELECT sum(id) FROM things")?.integer(0)
            }
            #expect(sum == numbers.reduce(0, +))
        }
    }

    @Test("a query without result gives no row", arguments: StorageEngine.enabled)
    func emptyResults(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let (row, rows, sum) = try await database.read { tx throws(ChatError) in
                (
                    try tx.row("SELECT id FROM things"),
                    try tx.rows("SELECT id FROM things"),
                    try tx.row("SELECT max(id) FROM things")
                )
            }

            #expect(row == nil)
            #expect(rows.isEmpty)
            #expect(sum == Row([.null]))
        }
    }

    @Test("keys of several columns work as rows", arguments: StorageEngine.enabled)
    func rowValues(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let count = try await database.write { tx throws(ChatError) in
                for id in Int64(1)...10 { try Things.add(id, "n\(id % 2)", in: tx) }
                return try tx.execute(
                    """
                    DELETE FROM things WHERE (id, name) IN (
                        SELECT id, name FROM things WHERE name = \("n1") ORDER BY id LIMIT \(3)
                    )
                    """
                )
            }

            #expect(count == 3)
            #expect(try await database.thingIDs() == [2, 4, 6, 7, 8, 9, 10])
        }
    }

    @Test("a statement that the engine does not accept is a fault of kind statement", arguments: StorageEngine.enabled)
    func badStatements(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            for statement: SQL in ["SELEKT 1", "SELECT nothing FROM things", "DELETE FROM nowhere"] {
                let error = await refusal {
                    try await database.write { tx throws(ChatError) in try tx.execute(statement) }
                }

                #expect(error?.storageFault == .statement, "\(statement.text)")
                #expect(error?.code == .internalFault)
            }
        }
    }

    @Test("what is told about a broken constraint holds no value", arguments: StorageEngine.enabled)
    func errorsHoldNoValues(engine: StorageEngine) async throws {
        try await engine.withDatabase(
            migrations: [Migration(1, ["CREATE TABLE secrets (secret TEXT PRIMARY KEY)"])]
        ) { database in
            let error = await refusal {
                try await database.write { tx throws(ChatError) in
                    for _ in 0..<2 { try tx.execute("INSERT INTO secrets (secret) VALUES (\("hunter2"))") }
                }
            }

            let cause = try #require(error?.cause as? DatabaseError)
            #expect(cause.kind == .constraint)
            #expect(!cause.description.contains("hunter2"))
            #expect(!String(reflecting: cause).contains("hunter2"))
            #expect(error?.info.contains("secrets") == false, "the caller is told nothing internal")
        }
    }
}

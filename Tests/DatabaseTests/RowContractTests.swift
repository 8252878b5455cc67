import ChatProtocol
import Database
import RostrumTesting
import Testing

/// What goes in comes out, in its type.
@Suite struct RowContractTests {
    @Test("integers keep all 64 bits", arguments: StorageEngine.enabled)
    func integers(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let numbers: [Int64] = [.min, .min + 1, -1, 0, 1, 1 << 53 + 1, .max - 1, .max]

            for number in numbers { try await database.addThing(number) }

            #expect(try await database.thingIDs() == numbers)
        }
    }

    @Test("booleans are stored as numbers", arguments: StorageEngine.enabled)
    func booleans(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let rows = try await database.write { tx throws(ChatError) in
                for flag in [false, true] { try tx.execute("INSERT INTO things (id, name) VALUES (\(flag), '')") }
                return try tx.rows("SELECT id FROM things ORDER BY id")
            }

            #expect(try rows.map { try $0.bool(0) } == [false, true])
            #expect(try rows.map { try $0.integer(0) } == [0, 1])
        }
    }

    @Test(
        "text keeps its bytes",
        arguments: StorageEngine.enabled,
        [
            "", " ", "plain", "中文", "😀👩‍👩‍👧", "caf\u{E9}", "cafe\u{301}", "'; DROP TABLE things; --", #"\"%_$1"#,
            "\u{1}\n\r\t\u{7F}", "\u{FFFD}\u{10FFFF}",
        ]
    )
    func text(engine: StorageEngine, text: String) async throws {
        try await engine.withThings { database in
            try await database.addThing(1, text)

            let read = try await database.read { tx throws(ChatError) in
                try tx.row("SELECT name FROM things WHERE name = \(text)")?.text(0)
            }
            #expect(try #require(read).utf8.elementsEqual(text.utf8))
        }
    }

    @Test("texts are told apart and ordered by their bytes", arguments: StorageEngine.enabled)
    func textIsBytes(engine: StorageEngine) async throws {
        let ascending = ["", "A", "Z", "a", "a ", "cafe\u{301}", "caf\u{E9}", "z", "\u{E9}", "中"]
        try await engine.withDatabase(
            migrations: [Migration(1, ["CREATE TABLE words (word TEXT PRIMARY KEY, place BIGINT NOT NULL)"])]
        ) { database in
            let rows = try await database.write { tx throws(ChatError) in
                for (place, word) in ascending.enumerated().reversed() {
                    try tx.execute("INSERT INTO words (word, place) VALUES (\(word), \(place))")
                }
                return try tx.rows("SELECT word, place FROM words ORDER BY word")
            }
            let found = try await database.read { tx throws(ChatError) in
                try tx.row("SELECT place FROM words WHERE word = \("caf\u{E9}")")?.integer(0)
            }

            #expect(try rows.map { try $0.integer(1) } == ascending.indices.map(Int64.init))
            #expect(try rows.map { Array(try $0.text(0).utf8) } == ascending.map { Array($0.utf8) })
            #expect(found == 6)
        }
    }

    @Test(
        "bytes stay bytes",
        arguments: StorageEngine.enabled,
        [[], [0], Array(0...255), Array("text".utf8), [0xFF, 0xFE, 0x80]]
    )
    func blobs(engine: StorageEngine, bytes: [UInt8]) async throws {
        try await engine.withThings { database in
            _ = try await database.write { tx throws(ChatError) in
                try tx.execute("INSERT INTO things (id, name, data) VALUES (\(1), \("a"), \(bytes))")
            }

            let read = try await database.read { tx throws(ChatError) in
                try tx.row("SELECT data FROM things WHERE data IS NOT NULL")?.blob(0)
            }
            #expect(read == bytes)
        }
    }

    @Test("what is long comes back whole", arguments: StorageEngine.enabled, [4096, 1_000_000])
    func longValues(engine: StorageEngine, count: Int) async throws {
        try await engine.withThings { database in
            let (text, bytes) = (String(repeating: "größer", count: count), [UInt8](repeating: 0xA5, count: count))
            let row = try await database.write { tx throws(ChatError) in
                try tx.execute("INSERT INTO things (id, name, data) VALUES (\(1), \(text), \(bytes))")
                return try tx.row("SELECT name, data FROM things")
            }

            let isWhole = row == Row([.text(text), .blob(bytes)])
            #expect(isWhole)
        }
    }

    @Test("nothing is stored as null, and null is nothing", arguments: StorageEngine.enabled)
    func nulls(engine: StorageEngine) async throws {
        try await engine.withDatabase(
            migrations: [Migration(1, ["CREATE TABLE gaps (id BIGINT PRIMARY KEY, a BIGINT, b TEXT, c BLOB)"])]
        ) { database in
            let rows = try await database.write { tx throws(ChatError) in
                try tx.execute(
                    """
                    INSERT INTO gaps (id, a, b, c)
                    VALUES (\(1), \(Int64?.none), \(String?.none), \([UInt8]?.none)),
                        (\(2), \(Int64?.some(7)), \(String?.some("")), \([UInt8]?.some([])))
                    """
                )
                return try tx.rows("SELECT a, b, c FROM gaps ORDER BY id")
            }

            let (empty, full) = (try #require(rows.first), try #require(rows.last))
            #expect(empty == Row([.null, .null, .null]))
            #expect(try empty.optionalInteger(0) == nil)
            #expect(await refusal { try empty.integer(0) }?.storageFault == .corrupt)
            #expect(full == Row([.integer(7), .text(""), .blob([])]))
            #expect(try full.optionalInteger(0) == 7)
        }
    }

    @Test("a column read as another type is taken for damage", arguments: StorageEngine.enabled)
    func mismatchedColumns(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let row = try await database.write { tx throws(ChatError) in
                try tx.execute(
                    "INSERT INTO things (id, name, data) VALUES (\(1), \("one"), \([1] as [UInt8]))"
                )
                return try tx.row("SELECT id, name, data FROM things")
            }

            let found = try #require(row)
            #expect(await refusal { try found.text(0) }?.storageFault == .corrupt)
            #expect(await refusal { try found.integer(1) }?.storageFault == .corrupt)
            #expect(await refusal { try found.optionalInteger(1) }?.storageFault == .corrupt)
            #expect(await refusal { try found.bool(1) }?.storageFault == .corrupt)
            #expect(await refusal { try found.text(2) }?.storageFault == .corrupt)
            #expect(await refusal { try found.blob(1) }?.storageFault == .corrupt)
        }
    }

    @Test("a closure that reads a mismatched column leaves nothing", arguments: StorageEngine.enabled)
    func mismatchRollsBack(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let error = await refusal {
                try await database.write { tx throws(ChatError) in
                    try Things.add(1, "one", in: tx)
                    _ = try tx.row("SELECT name FROM things")?.integer(0)
                }
            }

            let stored = try await database.thingIDs()
            #expect(error?.storageFault == .corrupt)
            #expect(stored.isEmpty)
        }
    }

    @Test("a column that is not there, or breaks its type's rule, is taken for damage; its value is not told")
    func columnsThatBreakRules() async {
        let row = Row([.text("@TGS#secret"), .integer(1)])

        let broken = await refusal { try row.value(0, as: UserID.self) }
        #expect(broken?.storageFault == .corrupt)
        #expect(broken.map { "\($0)".contains("secret") } == false)
        #expect(await refusal { try row.integer(2) }?.storageFault == .corrupt)
        #expect(await refusal { try row.integer(-1) }?.storageFault == .corrupt)
        #expect(await refusal { try row.value(1, as: UserID.self) }?.storageFault == .corrupt)
    }
}

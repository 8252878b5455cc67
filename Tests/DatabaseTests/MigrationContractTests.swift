import ChatProtocol
import Database
import RostrumTesting
import Testing

/// The schema's history: numbered, forward only, once.
@Suite struct MigrationContractTests {
    private static let history = [
        Migration(1, ["CREATE TABLE notes (id BIGINT PRIMARY KEY)", "INSERT INTO notes (id) VALUES (1)"]),
        Migration(2, ["ALTER TABLE notes ADD COLUMN text TEXT", "UPDATE notes SET text = 'second'"]),
        Migration(3, ["INSERT INTO notes (id, text) VALUES (3, 'third')"]),
    ]

    private func notes(_ database: any Database) async throws(ChatError) -> [Row] {
        try await database.read { tx throws(ChatError) in try tx.rows("SELECT id, text FROM notes ORDER BY id") }
    }

    private let migrated = [Row([.integer(1), .text("second")]), Row([.integer(3), .text("third")])]

    @Test("every step is taken, in order", arguments: StorageEngine.enabled)
    func inOrder(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: []) { database in
            let steps = try await database.migrate(Self.history)

            #expect(steps == 3)
            #expect(try await notes(database) == migrated)
        }
    }

    @Test("steps already taken are not taken again", arguments: StorageEngine.enabled)
    func idempotent(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: Self.history) { database in
            let steps = try await database.migrate(Self.history)

            #expect(steps == 0)
            #expect(try await notes(database) == migrated)
        }
    }

    @Test("a storage of any earlier version comes to the same schema", arguments: StorageEngine.enabled, 0...3)
    func fromEveryVersion(engine: StorageEngine, version: Int) async throws {
        try await engine.withStorage { storage in
            _ = try await storage.withDatabase { try await $0.migrate(Array(Self.history.prefix(version))) }

            let (steps, found) = try await storage.withDatabase { database in
                (try await database.migrate(Self.history), try await notes(database))
            }
            #expect(steps == 3 - version)
            #expect(found == migrated)
        }
    }

    @Test("openers that start at once migrate once", arguments: StorageEngine.enabled, 1...10)
    func concurrentOpeners(engine: StorageEngine, round: Int) async throws {
        try await engine.withStorage { storage in
            let steps = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask { try await storage.withDatabase { try await $0.migrate(Self.history) } }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(steps.sorted() == [0, 0, 0, 3])
            let found = try await storage.withDatabase { try await notes($0) }
            #expect(found == migrated)
        }
    }

    @Test("an older program refuses a newer storage and leaves it alone", arguments: StorageEngine.enabled)
    func newerStorage(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: Self.history) { database in
            let older = Array(Self.history.prefix(2))

            let error = await refusal { try await database.migrate(older) }

            #expect(error?.storageFault == .newer)
            let steps = try await database.migrate(Self.history)
            #expect(steps == 0)
            #expect(try await notes(database) == migrated)
        }
    }

    // What a program may do beside a server that runs on the storage: look at the schema.

    @Test("a schema that is demanded and is there is let pass", arguments: StorageEngine.enabled)
    func demandedSchema(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: Self.history) { database async throws in
            let error = await refusal { try await database.demandSchema(Self.history) }

            #expect(error == nil)
            #expect(try await notes(database) == migrated)
        }
    }

    @Test("a demanded schema that is not there yet is refused, and not made", arguments: StorageEngine.enabled, 0...2)
    func demandedFromOlderStorage(engine: StorageEngine, version: Int) async throws {
        try await engine.withDatabase(migrations: []) { database in
            try await database.migrate(Array(Self.history.prefix(version)))

            let error = await refusal { try await database.demandSchema(Self.history) }

            #expect(error?.storageFault == .older)
            let explanation = (error?.cause as? DatabaseError)?.message
            #expect(explanation?.contains("schema \(version)") == true)
            #expect(explanation?.contains("needs 3") == true)
            let steps = try await database.migrate(Self.history)
            #expect(steps == 3 - version)
        }
    }

    @Test(
        "a storage that nobody has migrated yet has no schema, and asking makes none",
        arguments: StorageEngine.enabled
    )
    func demandedFromEmptyStorage(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: []) { database async throws in
            let error = await refusal { try await database.demandSchema(Self.history) }

            #expect(error?.storageFault == .unavailable)
            #expect((error?.cause as? DatabaseError)?.message.contains("try again") == true)
            #expect(try await database.newestMigration() == nil)
            try await database.migrate([])
            #expect(try await database.newestMigration() == 0)
            try await database.migrate(Self.history)
            #expect(try await database.newestMigration() == 3)
        }
    }

    @Test("a storage that is newer than what is demanded is refused as such", arguments: StorageEngine.enabled)
    func demandedFromNewerStorage(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: Self.history) { database async throws in
            let error = await refusal { try await database.demandSchema(Array(Self.history.prefix(2))) }

            #expect(error?.storageFault == .newer)
            #expect(try await notes(database) == migrated)
        }
    }

    // Programs of adjacent versions on one storage.

    /// A history whose last step, or last two, programs of an earlier schema can live with.
    private static let compatible =
        history + [
            Migration(4, compatibleFrom: 3, ["ALTER TABLE notes ADD COLUMN author TEXT NOT NULL DEFAULT ''"]),
            Migration(5, compatibleFrom: 4, ["CREATE TABLE authors (name TEXT PRIMARY KEY)"]),
        ]

    @Test(
        "a program starts on a newer schema exactly when every later step says that it can",
        arguments: StorageEngine.enabled,
        [(storage: 4, program: 3, starts: true), (4, 2, false), (5, 4, true), (5, 3, false), (5, 2, false)]
    )
    func adjacent(engine: StorageEngine, row: (storage: Int, program: Int, starts: Bool)) async throws {
        try await engine.withDatabase(migrations: Array(Self.compatible.prefix(row.storage))) { database async throws in
            let program = Array(Self.compatible.prefix(row.program))

            let migrating = await refusal { try await database.migrate(program) }
            let demanding = await refusal { try await database.demandSchema(program) }

            for error in [migrating, demanding] { #expect(error?.storageFault == (row.starts ? nil : .newer)) }
            #expect(try await database.newestMigration() == Int64(row.storage), "it took no step back or forward")
            #expect(try await notes(database) == migrated)
        }
    }

    @Test("a later step that is compatible does not make good one that was not", arguments: StorageEngine.enabled)
    func compatibleAfterIncompatible(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: []) { database in
            let history = Self.history + [Migration(4, []), Migration(5, compatibleFrom: 3, [])]
            try await database.migrate(history)

            #expect(await refusal { try await database.migrate(Self.history) }?.storageFault == .newer)
            let steps = try await database.migrate(Array(history.prefix(4)))
            #expect(steps == 0)
        }
    }

    @Test("a storage that an earlier version migrated is brought up to date", arguments: StorageEngine.enabled)
    func withoutCompatibility(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: Self.history) { database in
            // As it is where the last step was taken before steps said with whom they are compatible.
            _ = try await database.write { tx throws(ChatError) in try tx.execute("DROP TABLE schema_compatibility") }
            #expect(await refusal { try await database.demandSchema(Self.compatible) }?.storageFault == .older)

            let steps = try await database.migrate(Self.compatible)

            #expect(steps == 2)
            let steps4 = try await database.migrate(Array(Self.compatible.prefix(4)))
            #expect(steps4 == 0)
        }
    }

    @Test("a step that fails leaves nothing of itself and of those before it", arguments: StorageEngine.enabled)
    func failedStep(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: []) { database in
            let broken = Self.history + [Migration(4, ["CREATE TABLE more (id BIGINT PRIMARY KEY)", "NO STATEMENT"])]

            let error = await refusal { try await database.migrate(broken) }

            #expect(error?.storageFault == .statement)
            #expect(await refusal { try await notes(database) }?.storageFault == .statement)
            let steps = try await database.migrate(Self.history)
            #expect(steps == 3)
            #expect(try await notes(database) == migrated)
        }
    }

    @Test("a later step that fails leaves the storage at its version", arguments: StorageEngine.enabled)
    func failedUpgrade(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: Self.history) { database in
            let broken = Self.history + [Migration(4, ["DELETE FROM notes", "NO STATEMENT"])]
            let mended = Self.history + [Migration(4, ["DELETE FROM notes WHERE id = 1"])]

            let error = await refusal { try await database.migrate(broken) }

            #expect(error?.storageFault == .statement)
            #expect(try await notes(database) == migrated)
            let steps = try await database.migrate(mended)
            #expect(steps == 1)
            #expect(try await notes(database) == [Row([.integer(3), .text("third")])])
        }
    }
}

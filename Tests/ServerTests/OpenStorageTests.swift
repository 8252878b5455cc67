import Chat
import ChatProtocol
import Database
import DatabaseSQLite
import FoundationEssentials
import RostrumTesting
import Server
import Testing

/// What is done to an installation's storage by opening it.
@Suite struct OpenStorageTests {
    /// A data directory whose storage has seen so many of the schema's steps.
    private func withDirectory(
        schema steps: Int,
        _ body: (DataDirectory) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { path in
            let directory = try DataDirectory(path, makeIfMissing: false)
            let database = try SQLiteDatabase(path: directory.database)
            try await database.migrate(Array(Schema.migrations.prefix(steps)))
            await database.close()
            try await body(directory)
        }
    }

    /// Opens, closes, and tells what was said when it could not be opened.
    private func refusal(_ directory: DataDirectory, migrates: Bool) async -> String? {
        do {
            let storage = try await OpenStorage.open(.directory(directory), schema: migrates ? .migrate : .demand)
            await storage.database.close()
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// The steps that the storage says it has seen.
    private func steps(_ directory: DataDirectory) async throws -> [Int64] {
        let database = try SQLiteDatabase(path: directory.database)
        let steps = try await database.read { tx throws(ChatError) in
            try tx.rows("SELECT number FROM schema_migrations ORDER BY number").map { row throws(ChatError) in
                try row.integer(0)
            }
        }
        await database.close()
        return steps
    }

    private static let all = Schema.migrations.map { Int64($0.number) }

    @Test("an older schema is brought up to date by who may")
    func migrating() async throws {
        try await withDirectory(schema: 0) { directory async throws in
            #expect(await refusal(directory, migrates: true) == nil)
            #expect(try await steps(directory) == Self.all)
        }
    }

    @Test("who may not bring the schema up to date is told to leave an older one to its server, and does")
    func notMigrating() async throws {
        try await withDirectory(schema: 0) { directory async throws in
            let refusal = await refusal(directory, migrates: false)

            #expect(refusal?.contains("older version runs on it") == true)
            #expect(try await steps(directory) == [])
        }
    }

    @Test("a file in which a server has not made anything yet is left to it, with the advice to try again")
    func emptyFile() async throws {
        try await withTemporaryDirectory { path async throws in
            let directory = try DataDirectory(path, makeIfMissing: false)
            try Data().write(to: URL(filePath: directory.database))

            #expect(await refusal(directory, migrates: false)?.contains("try again") == true)
            #expect(await refusal(directory, migrates: true) == nil)
            #expect(try await steps(directory) == Self.all)
        }
    }

    @Test("the schema of this version opens either way", arguments: [true, false])
    func sameSchema(migrates: Bool) async throws {
        try await withDirectory(schema: Schema.migrations.count) { directory async throws in
            #expect(await refusal(directory, migrates: migrates) == nil)
            #expect(try await steps(directory) == Self.all)
        }
    }
}

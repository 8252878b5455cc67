import Chat
import ChatProtocol
import Database
import DatabaseSQLite
import FoundationEssentials
import GRDBSQLite
import Logging
import RostrumTesting
import Testing

@testable import Server

/// A file from before there were checksums gets them when a server starts that can run on it, for there is no way back.
@Suite struct ChecksumConversionTests {
    /// Hands over an installation whose database an earlier version made.
    private func withOldInstallation(_ body: (DataDirectory) async throws -> Void) async throws {
        try await withTemporaryDirectory { path in
            let directory = try DataDirectory(path, makeIfMissing: false)
            var connection: OpaquePointer?
            defer { sqlite3_close_v2(connection) }
            let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            try #require(sqlite3_open_v2(directory.database, &connection, flags, "unix") == SQLITE_OK)
            let sql = "PRAGMA journal_mode = WAL; CREATE TABLE anything (id BIGINT)"
            try #require(sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK)
            let storage = try await OpenStorage.open(.directory(directory))
            await storage.close()
            try #require(try await !hasChecksums(directory))
            try await body(directory)
        }
    }

    private func hasChecksums(_ directory: DataDirectory) async throws -> Bool {
        let database = try SQLiteDatabase(path: directory.database)
        _ = try await database.newestMigration()
        await database.close()
        return database.hasChecksums
    }

    private func addChecksums(_ directory: DataDirectory, _ key: MasterKeySource = .dataDirectory) async throws {
        try await directory.addChecksums(Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }, masterKey: key)
    }

    @Test("with the right key, and a schema that is known or older, the pages get checksums", arguments: [true, false])
    func converted(isOlder: Bool) async throws {
        try await withOldInstallation { directory async throws in
            if isOlder { try await change(directory, "DELETE FROM schema_migrations WHERE number > 3") }

            try await addChecksums(directory)

            #expect(try await hasChecksums(directory))
        }
    }

    @Test("with a key that does not fit nothing is changed, and that is said")
    func wrongKey() async throws {
        try await withOldInstallation { directory async throws in
            let error = await #expect(throws: StartError.self) {
                try await addChecksums(directory, .text(String(repeating: "e1", count: 32)))
            }

            #expect(error?.description.contains("does not fit") == true)
            #expect(try await !hasChecksums(directory))
        }
    }

    @Test("where the key is gone nothing is changed, and none is made")
    func missingKey() async throws {
        try await withOldInstallation { directory async throws in
            try FileManager.default.removeItem(atPath: directory.masterKey)

            await #expect(throws: StartError.self) { try await addChecksums(directory) }

            #expect(!FileManager.default.fileExists(atPath: directory.masterKey))
            #expect(try await !hasChecksums(directory))
        }
    }

    @Test("a schema of a newer version is left to that version")
    func newer() async throws {
        try await withOldInstallation { directory async throws in
            try await change(directory, "INSERT INTO schema_migrations (number) VALUES (999)")
            try await change(directory, "INSERT INTO schema_compatibility (number, compatible_from) VALUES (999, 999)")

            let error = await #expect(throws: StartError.self) { try await addChecksums(directory) }

            #expect(error?.description.contains("schema 999") == true)
            #expect(try await !hasChecksums(directory))
        }
    }

    private func change(_ directory: DataDirectory, _ statement: SQL) async throws {
        let database = try SQLiteDatabase(path: directory.database)
        _ = try await database.write { tx throws(ChatError) in try tx.execute(statement) }
        await database.close()
    }
}

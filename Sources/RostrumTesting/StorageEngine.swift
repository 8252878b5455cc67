import Chat
import ChatProtocol
package import Database
import DatabaseSQLite

/// The engines that a test runs on: `@Test(arguments: StorageEngine.enabled)`.
package enum StorageEngine: String, CaseIterable, Sendable {
    case sqlite

    /// The engines that can be had on this machine.
    package static var enabled: [StorageEngine] { allCases }

    /// Hands `body` an empty storage, that may be opened several times, and removes it afterwards.
    package func withStorage<Value>(_ body: (Storage) async throws -> Value) async throws -> Value {
        switch self {
        case .sqlite:
            try await withTemporaryDirectory { directory in
                try await body(Storage(location: "\(directory)/rostrum.sqlite"))
            }
        }
    }

    /// Hands `body` an open database of its own, then closes and removes it.
    ///
    /// - Parameter migrations: the schema; empty for none.
    package func withDatabase<Value>(
        migrations: [Migration] = Schema.migrations,
        _ body: (any Database) async throws -> Value
    ) async throws -> Value {
        try await withStorage { storage in
            try await storage.withDatabase { database in
                if !migrations.isEmpty { try await database.migrate(migrations) }
                return try await body(database)
            }
        }
    }
}

/// One storage of an engine; opened twice, it is seen as two processes see it.
package struct Storage: Sendable {
    /// The file's path; another engine's name for it.
    package let location: String

    package init(location: String) {
        self.location = location
    }

    /// Whoever opens closes.
    package func open() throws -> any Database {
        try SQLiteDatabase(path: location)
    }

    /// Opens the storage for the time of `body`.
    package func withDatabase<Value>(_ body: (any Database) async throws -> Value) async throws -> Value {
        let database = try open()
        do {
            let value = try await body(database)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }
}

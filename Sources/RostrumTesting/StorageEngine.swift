import Chat
import ChatProtocol
package import Database
package import DatabasePostgres
import DatabaseSQLite
import Synchronization

/// The engines that a test runs on: `@Test(arguments: StorageEngine.enabled)`.
package enum StorageEngine: String, CaseIterable, Sendable {
    case sqlite, postgres

    /// The engines that can be had on this machine.
    package static var enabled: [StorageEngine] { allCases }

    /// Hands `body` an empty storage, that may be opened several times, and removes it afterwards.
    package func withStorage<Value>(_ body: (Storage) async throws -> Value) async throws -> Value {
        switch self {
        case .sqlite:
            try await withTemporaryDirectory { directory in
                try await body(Storage(engine: self, location: "\(directory)/rostrum.sqlite"))
            }
        case .postgres:
            try await body(Storage(engine: self, location: PostgresSchemas.new()))
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
    private let engine: StorageEngine
    /// The file's path, or the database's URL.
    package let location: String

    package init(engine: StorageEngine, location: String) {
        (self.engine, self.location) = (engine, location)
    }

    /// Whoever opens closes.
    package func open() throws -> any Database {
        switch engine {
        case .sqlite: try SQLiteDatabase(path: location)
        case .postgres: try PostgresDatabase(ConnectionString(location), configuration: .testing)
        }
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

extension PostgresDatabase.Configuration {
    /// What suits tests: fewer connections, and time for those that hold a transaction open.
    package static var testing: Self {
        var configuration = Self()
        configuration.readers = 2
        configuration.idleTimeout = .seconds(60)
        return configuration
    }
}

/// Schemas of the tests' shared server: one takes half of the time of a database, and they end with the server.
package enum PostgresSchemas {
    private static let administration = Task {
        try PostgresDatabase(ConnectionString(await PostgresServer.shared.value.url()), configuration: .testing)
    }
    private static let last = Mutex(0)

    /// The URL of a new, empty one.
    package static func new() async throws -> String {
        let name = last.withLock { last in
            last += 1
            return "test\(last)"
        }
        _ = try await administration.value.write(of: .unordered) { tx throws(ChatError) in
            try tx.execute(SQL(stringLiteral: "CREATE SCHEMA \(name)"))
        }
        return try await PostgresServer.shared.value.url(schema: name)
    }
}

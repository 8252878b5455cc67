import ChatProtocol
import Database
import DatabasePostgres
import RostrumTesting
import Synchronization

/// A database in a schema of its own, on the tests' shared server or on one that the test may stop.
struct PostgresFixture: Sendable {
    let url: String

    /// Whoever opens closes.
    func open(
        _ change: (inout PostgresDatabase.Configuration) -> Void = { _ in }
    ) throws -> PostgresDatabase {
        var configuration = PostgresDatabase.Configuration.testing
        change(&configuration)
        return try PostgresDatabase(ConnectionString(url), configuration: configuration)
    }

    /// Opens the database for the time of `body`.
    func with(
        _ change: (inout PostgresDatabase.Configuration) -> Void = { _ in },
        _ body: (PostgresDatabase) async throws -> Void
    ) async throws {
        let database = try open(change)
        do {
            try await body(database)
            await database.close()
        } catch {
            await database.close()
            throw error
        }
    }

    /// A schema of the shared server, with ``Things`` in it.
    static func things() async throws -> PostgresFixture {
        let fixture = PostgresFixture(url: try await PostgresSchemas.new())
        try await fixture.with { _ = try await $0.migrate(Things.migrations) }
        return fixture
    }

    /// A server of the test's own, with ``Things`` in it.
    static func withServer(
        isDurable: Bool = false,
        settings: [String: String] = [:],
        _ body: (PostgresServer, PostgresFixture) async throws -> Void
    ) async throws {
        let server = try await PostgresServer(isDurable: isDurable, settings: settings)
        let fixture = PostgresFixture(url: server.url())
        try await fixture.with { _ = try await $0.migrate(Things.migrations) }
        try await body(server, fixture)
    }
}

/// Notes of what happened, in order.
final class Notes<Note: Sendable>: Sendable {
    private let notes = Mutex<[Note]>([])
    var all: [Note] { notes.withLock { $0 } }

    func add(_ note: Note) { notes.withLock { $0.append(note) } }
}

extension Transaction {
    /// The server's process that serves this connection.
    func backend() throws(ChatError) -> Int64 {
        try row("SELECT pg_backend_pid()")?.integer(0) ?? 0
    }
}

extension PostgresDatabase {
    /// Cuts a connection, as an administrator or a failing network does.
    func cut(_ backend: Int64) async throws(ChatError) {
        _ = try await write(of: .unordered) { tx throws(ChatError) in
            try tx.row("SELECT pg_terminate_backend(\(backend)::int4)")
        }
    }
}

import ArgumentParser
import Chat
import GRDBSQLite

/// Baseline S: SQLite's C interface alone (WAL, FULL) running the statements of a create, in groups.
///
/// One durable transaction a group, a savepoint an operation, random IDs, statements prepared once: what the server's
/// writer does, without the server.
struct RawSQLite: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "raw-sqlite")

    @Option(help: "A file seeded by `seed`.")
    var database: String
    @Option var group: Int
    @Option var seconds: Double

    func run() throws {
        let connection = try Connection(database)
        let statements = try [
            "SAVEPOINT operation",
            "SELECT 1 FROM accounts WHERE app = $1 AND id = $2",
            """
            INSERT INTO channels (app, id, owner, name, introduction, face_url, organization, custom_string,
                max_subscribers, subscribers, last_message_at, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (app, id) DO NOTHING
            """,
            """
            UPDATE application_usage SET channels = channels + 1 WHERE app = $1 AND (channels < $2 OR $3 = 0)
            """,
            """
            INSERT INTO audit (app, at, request, operator, address, action, target)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            "RELEASE operation",
        ].map(connection.prepare)
        var random = SystemRandomNumberGenerator()
        var made = 0
        let began = ContinuousClock.now
        while ContinuousClock.now - began < .seconds(seconds) {
            try connection.run("BEGIN IMMEDIATE")
            for _ in 0..<group {
                let id = "@TOA#_" + String(UInt64.random(in: .min ... .max, using: &random), radix: 36)
                let request = "raw-\(made)-" + String(UInt32.random(in: .min ... .max, using: &random), radix: 36)
                made += 1
                try connection.step(statements[0], [])
                try connection.step(statements[1], [.integer(Seed.application), .text("107867")])
                try connection.step(
                    statements[2],
                    [
                        .integer(Seed.application), .text(id), .text("107867"), .text("Harbour News"),
                        .text("Tides and ferries"), .text("https://img.example.net/h.png"), .text("Port of Example"),
                        .text("{\"lang\":\"en\"}"), .integer(5000), .integer(0), .integer(0),
                        .integer(1_767_225_600_000),
                    ]
                )
                try connection.step(statements[3], [.integer(Seed.application), .integer(0), .integer(0)])
                try connection.step(
                    statements[4],
                    [
                        .integer(Seed.application), .integer(1_767_225_600_000), .text(request), .text("administrator"),
                        .text("127.0.0.1"), .text("create_official_account"), .text(id),
                    ]
                )
                try connection.step(statements[5], [])
            }
            try connection.run("COMMIT")
        }
        let took = (ContinuousClock.now - began) / .seconds(1)
        print(Double(made) / took)
    }
}

/// A connection of SQLite's C interface.
private final class Connection {
    enum Value {
        case integer(Int64)
        case text(String)
    }

    struct Failure: Error {
        let message: String
    }

    private var handle: OpaquePointer?

    init(_ path: String) throws {
        guard sqlite3_open(path, &handle) == SQLITE_OK else { throw failure() }
        // As the server's writing connection has them.
        for pragma in [
            "journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 1000", "cache_size = -8192",
            "journal_size_limit = 67108864",
        ] {
            try run("PRAGMA \(pragma)")
        }
    }

    deinit {
        sqlite3_close_v2(handle)
    }

    func run(_ sql: String) throws {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure() }
    }

    func prepare(_ sql: String) throws -> OpaquePointer {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK, let statement else { throw failure() }
        return statement
    }

    func step(_ statement: OpaquePointer, _ values: [Value]) throws {
        for (position, value) in zip(Int32(1)..., values) {
            switch value {
            case .integer(let number): sqlite3_bind_int64(statement, position, number)
            case .text(let text):
                var text = text
                text.withUTF8 { bytes in
                    // SQLITE_TRANSIENT: SQLite copies.
                    _ = sqlite3_bind_text(
                        statement,
                        position,
                        UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self),
                        Int32(bytes.count),
                        unsafeBitCast(-1, to: sqlite3_destructor_type.self)
                    )
                }
            }
        }
        let code = sqlite3_step(statement)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw failure() }
        sqlite3_reset(statement)
    }

    private func failure() -> Failure {
        Failure(message: String(cString: sqlite3_errmsg(handle)))
    }
}

import GRDBSQLite

/// A connection of SQLite's C interface.
final class Connection {
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
            "journal_size_limit = 67108864", "temp_store = MEMORY",
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

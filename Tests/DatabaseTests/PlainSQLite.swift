import GRDBSQLite
import Testing

/// SQLite as programs use it that know nothing of checksums.
struct PlainSQLite: ~Copyable {
    private let connection: OpaquePointer

    init(_ path: String) throws {
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix")
        connection = try #require(code == SQLITE_OK ? opened : nil)
    }

    deinit {
        sqlite3_close_v2(connection)
    }

    func run(_ sql: String) throws {
        try #require(
            sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK,
            "\(String(cString: sqlite3_errmsg(connection)))"
        )
    }

    /// What SQLite answers.
    func code(of sql: String) -> Int32 {
        sqlite3_exec(connection, sql, nil, nil, nil)
    }

    /// The online backup of SQLite's own tools.
    func backUp(to path: String) throws {
        let copy = try PlainSQLite(path)
        let backup = sqlite3_backup_init(copy.connection, "main", connection, "main")
        try #require(sqlite3_backup_step(backup, -1) == SQLITE_DONE)
        try #require(sqlite3_backup_finish(backup) == SQLITE_OK)
    }
}

import CSQLiteChecksums
import Database
import FoundationEssentials
import GRDB
import GRDBSQLite

/// Checksums of a database's pages, by which damage is told instead of served.
///
/// docs/decisions/0012-checksums-of-pages.md says how they work.
enum PageChecksums {
    /// How many bytes of each page SQLite leaves to them.
    private static let reservedBytes: Int32 = 8

    /// Nil, or what SQLite said when it was given the layer that makes and checks them.
    private static let refusal: ResultCode? = {
        let code = ResultCode(rawValue: checksums_install())
        return code == .SQLITE_OK ? nil : code
    }()

    /// Has every connection that is opened from now on check what it reads.
    static func install(for path: String) throws(EngineError) {
        if let refusal { throw EngineError(refusal, message: "checksums of pages", path: path) }
    }

    /// Has a database that is still empty, or is vacuumed next, leave room for them.
    static func reserve(in db: GRDB.Database) throws {
        var count = reservedBytes
        let code = ResultCode(
            rawValue: sqlite3_file_control(db.sqliteConnection, "main", SQLITE_FCNTL_RESERVE_BYTES, &count)
        )
        guard code == .SQLITE_OK else { throw GRDB.DatabaseError(resultCode: code) }
    }

    /// Whether what the connection has read says that there are any.
    static func areOn(in db: GRDB.Database) -> Bool {
        checksums_are_on(db.sqliteConnection)
    }

    /// Has the log stay as it is when the connection is closed.
    static func keepLog(in db: GRDB.Database) {
        checksums_keep_log(db.sqliteConnection)
    }

    /// The first page that did not match, on whatever occasion the connection met it.
    ///
    /// SQLite says nothing of those that it meets when it moves pages from the log after a commit.
    static func damage(metBy connection: SQLiteConnection?, path: String) -> EngineError? {
        guard let connection else { return nil }
        let met = checksums_damage_met(connection)
        guard met.number != 0 else { return nil }
        let file = met.is_in_log ? "\(path)-wal" : path
        let what = met.is_in_log ? "frame" : "page"
        return EngineError(
            .corrupt,
            """
            \(file): \(what) \(met.number) is damaged, it does not match its checksum; stop the server and restore the \
            database from a backup
            """
        )
    }

    /// Writes every page of a database anew, with a checksum; does nothing when they have them.
    ///
    /// Others may read meanwhile. There must be room for two more copies, one of them where SQLite has its temporary
    /// files, and an end before it is finished leaves everything as it was.
    ///
    /// - Returns: whether there was anything to do.
    static func add(to path: String, waiting busyTimeoutSeconds: TimeInterval) throws -> Bool {
        try install(for: path)
        var options = GRDB.Configuration()
        options.label = "rostrum.checksums"
        options.busyMode = .timeout(busyTimeoutSeconds)
        options.prepareDatabase { db in try reserve(in: db) }
        let queue = try DatabaseQueue(path: path, configuration: options)
        defer { try? queue.close() }
        return try queue.writeWithoutTransaction { db in
            let size = try Int32.fetchOne(db, sql: "PRAGMA page_size") ?? 0
            let isEmpty = try Int.fetchOne(db, sql: "PRAGMA page_count") == 0
            let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode")
            guard !isEmpty, !areOn(in: db), mode == "wal" else { return false }
            try db.execute(sql: "PRAGMA synchronous = FULL")
            guard checksums_begin_conversion(db.sqliteConnection, size) else { return false }
            defer { checksums_end_conversion(db.sqliteConnection) }
            try db.execute(sql: "VACUUM")
            // It is done; where there is no room to move the pages from the log at once, a later commit moves them.
            try? db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            return true
        }
    }
}

package import ChatProtocol
package import Database
import FoundationEssentials
import GRDB
import GRDBSQLite
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One SQLite file as a ``Database``: WAL, `synchronous=FULL`, one writer that commits in groups, pooled readers.
///
/// Other processes (the command line) may open the same file at the same time; whoever finds it locked waits up to
/// ``Configuration/busyTimeoutSeconds``.
package final class SQLiteDatabase: Engine {
    package struct Configuration: Sendable {
        /// How long to wait for another process's lock before a write fails as busy.
        package var busyTimeoutSeconds = 5.0
        /// Read transactions at the same time: one for each processor, for more would only take turns.
        package var readers = max(1, min(8, ProcessInfo.processInfo.activeProcessorCount))
        /// Pages of WAL, 4096 bytes each, after which a commit also moves them into the main file.
        ///
        /// More of them make those commits rarer and longer.
        package var checkpointPages = 1000
        /// Pages that the writing connection keeps in memory; random IDs touch many of them.
        package var writerCacheKibibytes = 8192
        /// Told after each commit how many operations it carried and how long it took; called on the writer's thread.
        package var onCommit: @Sendable (_ operations: Int, _ took: Duration) -> Void = { _, _ in }

        package init() {}
    }

    private let pool: DatabasePool
    private let writes: GroupQueue<WriteOperation>
    private let reads: GroupQueue<ReadOperation>
    package let damage = StorageDamage(endsWriting: true)
    /// Whether each page has a checksum: of a file that an earlier version made, not before ``addChecksums(to:)``.
    package let hasChecksums: Bool
    /// What an operator is to know of the log that was found, when its end was torn.
    ///
    /// Told by the first who opens the file, for the next commit takes the place of that end.
    package let tornLog: String?
    private let isClosed = Mutex(false)

    /// Opens the file, making it if there is none.
    ///
    /// - Throws: an internal fault caused by a ``DatabaseError`` that names the file and what to look at.
    package init(path: String, configuration: Configuration = Configuration()) throws(ChatError) {
        (pool, hasChecksums, tornLog) = try Self.patiently(path, configuration) { try Self.open(path, configuration) }
        let committer = GroupCommit(pool: pool, path: path, damage: damage, onCommit: configuration.onCommit)
        writes = GroupQueue(label: "rostrum.sqlite.writer", workers: 1, largestGroup: 512, work: committer.run)
        let reader = GroupRead(pool: pool, path: path, damage: damage)
        reads = GroupQueue(
            label: "rostrum.sqlite.reader",
            workers: configuration.readers,
            largestGroup: 32,
            work: reader.run
        )
    }

    /// Gives every page of a file a checksum that an earlier version made without; others may read meanwhile.
    ///
    /// The file is written anew, in one transaction, for which the disk needs room for two more copies.
    ///
    /// - Returns: whether there was anything to do.
    package static func addChecksums(to path: String) throws(ChatError) -> Bool {
        let configuration = Configuration()
        return try patiently(path, configuration) {
            let log = WriteAheadLog(of: path)
            _ = try log.demandWhole()
            try log.sync()
            return try PageChecksums.add(to: path, waiting: configuration.busyTimeoutSeconds)
        }
    }

    /// Opens the file, waiting for others who are opening it for the first time: the switch to WAL needs the file for
    /// itself, and there SQLite does not wait by itself.
    private static func patiently<Value>(
        _ path: String,
        _ configuration: Configuration,
        _ body: () throws -> Value
    ) throws(ChatError) -> Value {
        let deadline = ContinuousClock.now + .seconds(configuration.busyTimeoutSeconds)
        while true {
            do {
                return try body()
            } catch {
                let error = EngineError(error, path: path)
                guard error.kind == .busy, ContinuousClock.now < deadline else { throw .internalFault(error) }
                usleep(20_000)
            }
        }
    }

    private static func open(_ path: String, _ configuration: Configuration) throws -> (DatabasePool, Bool, String?) {
        var options = GRDB.Configuration()
        options.label = "rostrum"
        options.busyMode = .timeout(configuration.busyTimeoutSeconds)
        options.maximumReaderCount = configuration.readers
        options.foreignKeysEnabled = false
        options.prepareDatabase { db in
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(configuration.checkpointPages)")
            try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
            try PageChecksums.reserve(in: db)
        }
        try PageChecksums.install(for: path)
        let log = WriteAheadLog(of: path)
        let torn = try log.demandWhole()
        let pool = try DatabasePool(path: path, configuration: options)
        // The pool sets NORMAL when it opens, after prepareDatabase; only what is read back counts.
        let (level, hasChecksums) = try pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "PRAGMA cache_size = -\(configuration.writerCacheKibibytes)")
            // What a savepoint may have to undo is kept in memory; in a file it was half of the cost of subscribing.
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            return (try Int.fetchOne(db, sql: "PRAGMA synchronous"), PageChecksums.areOn(in: db))
        }
        guard level == 2 else {
            throw EngineError(.unavailable, "cannot set synchronous=FULL on \(path); SQLite reports \(level ?? -1)")
        }
        try log.sync()
        return (pool, hasChecksums, torn)
    }

    package func enqueue(_ operation: ReadOperation) {
        reads.add(operation)
    }

    package func enqueue(_ operation: WriteOperation) {
        writes.add(operation)
    }

    package var load: StorageLoad { StorageLoad(reads: reads.load, writes: writes.load) }

    // There is one history, and what became of a commit is always known.

    package var lineage: Int64 { 0 }

    package func learn(lineage: Int64) {}

    package func listenForLineages(_ listener: @escaping @Sendable (_ lineage: Int64) -> Void) {}

    package func listenForUncertainty(_ listener: @escaping @Sendable () -> Void) {}

    package func close() async {
        await writes.close()
        await reads.close()
        // By two at once GRDB's pool cannot be closed.
        isClosed.withLock { isClosed in
            guard !isClosed else { return }
            isClosed = true
            emptyLog()
            try? pool.close()
        }
    }

    /// Moves what the log has into the file, which is then the whole database, unless somebody else reads or writes.
    ///
    /// SQLite would do so when the last connection is closed. But GRDB closes the one that writes before those that read,
    /// and these cannot. What is left in the log is found by the next who opens the file.
    ///
    /// Once damage was found both stay as they are.
    private func emptyLog() {
        try? pool.writeWithoutTransaction { db in
            guard damage.found == nil else { return PageChecksums.keepLog(in: db) }
            try db.execute(sql: "PRAGMA busy_timeout = 0")
            try db.checkpoint(.truncate)
        }
    }

    /// The value of `PRAGMA synchronous` on the writing connection: 2 is FULL.
    package func synchronousLevel() throws -> Int {
        try pool.writeWithoutTransaction { db in try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1 }
    }

    /// What the prepared statements of the writing connection take of memory.
    package func statementBytes() -> Int {
        pool.writeWithoutTransaction { db in
            var (now, most): (Int32, Int32) = (0, 0)
            sqlite3_db_status(db.sqliteConnection, SQLITE_DBSTATUS_STMT_USED, &now, &most, 0)
            return Int(now)
        }
    }
}

import Database
import GRDB

/// A SQLite storage as a file: copied while others write to it, and looked through for damage.
package enum SQLiteFile {
    /// Copies the storage as it is at one moment: every commit that returned before is in the copy, none half.
    ///
    /// Pages are copied as they are, unlike by `VACUUM INTO`: what did not change since an earlier copy is the same there.
    /// Writers go on meanwhile; their WAL grows until the copy is made. What was at the target is overwritten.
    ///
    /// - Returns: what an operator is to know of the log of a file that nobody has open, when its end was torn.
    /// - Throws: ``EngineError`` that names whichever of the two files it is about, or what `progress` throws.
    ///
    /// - Parameters:
    ///   - pagesPerStep: how many pages are copied between two reports.
    ///   - progress: told how many of how many pages are copied; what it throws ends the copying.
    @discardableResult
    package static func copy(
        _ path: String,
        to target: String,
        pagesPerStep: Int32 = 2048,
        progress: @escaping (_ done: Int, _ all: Int) throws -> Void = { _, _ in }
    ) throws -> String? {
        try PageChecksums.install(for: path)
        // Where nobody has the file open, SQLite takes damage for the end of the log.
        let torn = try WriteAheadLog(of: path).demandWhole()
        let source = try naming(path) { try DatabaseQueue(path: path, configuration: configuration(readOnly: true)) }
        let copy = try naming(target) { try DatabaseQueue(path: target, configuration: configuration(readOnly: false)) }
        try naming(path) {
            try source.read { source in
                // From its first query on the transaction sees one state; a step that began one of its own would start
                // all over after every commit of somebody else.
                _ = try Int.fetchOne(source, sql: "SELECT count(*) FROM sqlite_master")
                try naming(target, orWhereReadingFails: path) {
                    try copy.writeWithoutTransaction { copy in
                        try copy.execute(sql: "PRAGMA synchronous = OFF")
                        try source.backup(to: copy, pagesPerStep: pagesPerStep) { step in
                            try progress(step.completedPageCount, step.totalPageCount)
                        }
                    }
                }
            }
        }
        try naming(target) { try copy.close() }
        try naming(path) { try source.close() }
        return torn
    }

    /// Has a fault of SQLite tell of the file that it is about.
    ///
    /// - Parameter source: the file that is meant when something could not be read; nil when it is the same.
    private static func naming<Value>(
        _ path: String,
        orWhereReadingFails source: String? = nil,
        _ body: () throws -> Value
    ) throws -> Value {
        do {
            return try body()
        } catch let error as GRDB.DatabaseError {
            switch error.extendedResultCode {
            case .SQLITE_CORRUPT, .SQLITE_IOERR_DATA, .SQLITE_IOERR_CORRUPTFS, .SQLITE_IOERR_READ,
                .SQLITE_IOERR_SHORT_READ:
                throw EngineError(error, path: source ?? path)
            default: throw EngineError(error, path: path)
            }
        }
    }

    /// What is wrong with a storage that nobody else has open, in SQLite's words; empty when nothing is.
    ///
    /// Reads all of it. Afterwards everything is in the file itself, and there is no WAL.
    package static func damage(in path: String) throws(EngineError) -> [String] {
        try PageChecksums.install(for: path)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration(readOnly: false))
            let found = try queue.read { db in
                let faults = try String.fetchAll(db, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
                let orphans = try GRDB.Row.fetchAll(db, sql: "PRAGMA foreign_key_check").map { row in
                    "a row of \(row[0] as String? ?? "") refers to one of \(row[2] as String? ?? "") that is not there"
                }
                return faults + orphans
            }
            try queue.close()
            return found
        } catch {
            let error = EngineError(error, path: path)
            // SQLite says so of a file whose header is not one that it writes.
            guard error.kind == .corrupt || error.kind == .statement else { throw error }
            return [error.message]
        }
    }

    private static func configuration(readOnly: Bool) -> GRDB.Configuration {
        var configuration = GRDB.Configuration()
        configuration.label = "rostrum.file"
        configuration.readonly = readOnly
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = false
        return configuration
    }
}

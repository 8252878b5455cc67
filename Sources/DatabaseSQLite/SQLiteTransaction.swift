import ChatProtocol
import Database
import GRDB
import GRDBSQLite

/// Statements on one SQLite connection.
///
/// GRDB keeps the connection and the prepared statements; values are bound and columns read by SQLite's own interface,
/// because GRDB's way there, through an array of arguments and a row object, costs more than the statement itself.
struct SQLiteTransaction: Transaction {
    let db: GRDB.Database
    let path: String
    let damage: StorageDamage
    private let state = State()

    private final class State {
        var lastFault: EngineError?
        var commitActions: [@Sendable () -> Void] = []
    }

    /// What SQLite reported last; where it undoes a whole group by itself, that is why.
    var lastFault: EngineError? { state.lastFault }

    var lineage: Int64 { 0 }

    func onCommit(_ action: @escaping @Sendable () -> Void) {
        state.commitActions.append(action)
    }

    /// What is to be done after the commit for the operation that ran last.
    func takeCommitActions() -> [@Sendable () -> Void] {
        guard !state.commitActions.isEmpty else { return [] }
        defer { state.commitActions = [] }
        return state.commitActions
    }

    @discardableResult
    func execute(_ statement: EngineSQL) throws(ChatError) -> Int {
        let prepared = try prepare(statement)
        defer { Self.finish(prepared) }
        let before = sqlite3_total_changes64(db.sqliteConnection)
        while try step(prepared) {}
        return Int(sqlite3_total_changes64(db.sqliteConnection) - before)
    }

    func rows(_ query: EngineSQL) throws(ChatError) -> [EngineRow] {
        let prepared = try prepare(query)
        defer { Self.finish(prepared) }
        var rows: [EngineRow] = []
        while try step(prepared) { rows.append(Self.row(prepared)) }
        return rows
    }

    func row(_ query: EngineSQL) throws(ChatError) -> EngineRow? {
        let prepared = try prepare(query)
        defer { Self.finish(prepared) }
        return try step(prepared) ? Self.row(prepared) : nil
    }

    /// The prepared statement with its values bound; valid for the rest of the transaction.
    private func prepare(_ statement: EngineSQL) throws(ChatError) -> OpaquePointer {
        let prepared: OpaquePointer
        do {
            prepared = try db.cachedStatement(sql: statement.text).sqliteStatement
        } catch {
            throw fault(EngineError(error, path: path))
        }
        for (position, value) in zip(Int32(1)..., statement.values) {
            guard Self.bind(value, to: prepared, at: position) == SQLITE_OK else { throw failure() }
        }
        return prepared
    }

    /// A statement is kept for the next time, and what was bound to it is not: of an insertion of many rows that would be
    /// megabytes, and there is a statement for each number of rows.
    private static func finish(_ statement: OpaquePointer) {
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
    }

    /// - Returns: whether there is a row.
    private func step(_ statement: OpaquePointer) throws(ChatError) -> Bool {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw failure()
        }
    }

    private func failure() -> ChatError {
        let code = ResultCode(rawValue: sqlite3_extended_errcode(db.sqliteConnection))
        let message = sqlite3_errmsg(db.sqliteConnection).map { String(cString: $0) }
        return fault(EngineError(code, message: message, path: path))
    }

    private func fault(_ error: EngineError) -> ChatError {
        var error = error
        if error.kind == .corrupt { error = PageChecksums.damage(metBy: db.sqliteConnection, path: path) ?? error }
        damage.note(error)
        state.lastFault = error
        return .internalFault(error)
    }

    private static func bind(_ value: SQLValue, to statement: OpaquePointer, at position: Int32) -> Int32 {
        // SQLite copies what it is given, for the pointers are good during the call only.
        let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .null: return sqlite3_bind_null(statement, position)
        case .integer(let number): return sqlite3_bind_int64(statement, position, number)
        case .text(var text):
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    sqlite3_bind_text64(
                        statement,
                        position,
                        characters.baseAddress ?? UnsafePointer(bitPattern: 1),
                        UInt64(characters.count),
                        copies,
                        UInt8(SQLITE_UTF8)
                    )
                }
            }
        case .blob(let bytes):
            return bytes.withUnsafeBytes { bytes in
                guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(statement, position, 0) }
                return sqlite3_bind_blob64(statement, position, bytes.baseAddress, UInt64(bytes.count), copies)
            }
        }
    }

    private static func row(_ statement: OpaquePointer) -> EngineRow {
        EngineRow((0..<sqlite3_column_count(statement)).map { value(statement, $0) })
    }

    private static func value(_ statement: OpaquePointer, _ column: Int32) -> SQLValue {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER:
            return .integer(sqlite3_column_int64(statement, column))
        case SQLITE_NULL:
            return .null
        case SQLITE_BLOB:
            let bytes = sqlite3_column_blob(statement, column)
            let count = Int(sqlite3_column_bytes(statement, column))
            return .blob(Array(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : count)))
        default:
            // Text, and a floating-point number as text: no column of ours holds one, so its reader will refuse it.
            let bytes = sqlite3_column_text(statement, column)
            let count = bytes == nil ? 0 : Int(sqlite3_column_bytes(statement, column))
            return .text(String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self))
        }
    }
}

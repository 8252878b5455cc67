import ChatProtocol
import Database
import FoundationEssentials
import GRDB

/// Statements on one SQLite connection, prepared once and kept.
struct SQLiteTransaction: Transaction {
    let db: GRDB.Database
    let path: String

    @discardableResult
    func execute(_ statement: EngineSQL) throws(ChatError) -> Int {
        try translating { () throws in
            try prepared(statement).execute()
            return db.changesCount
        }
    }

    func rows(_ query: EngineSQL) throws(ChatError) -> [EngineRow] {
        try translating { () throws in
            let cursor = try GRDB.Row.fetchCursor(prepared(query))
            var rows: [EngineRow] = []
            while let row = try cursor.next() { rows.append(Self.values(row)) }
            return rows
        }
    }

    func row(_ query: EngineSQL) throws(ChatError) -> EngineRow? {
        try translating { () throws in
            let cursor = try GRDB.Row.fetchCursor(prepared(query))
            // The row's columns are the statement's own, which the cursor resets when it goes.
            return try withExtendedLifetime(cursor) { try cursor.next().map(Self.values) }
        }
    }

    private func prepared(_ statement: EngineSQL) throws -> Statement {
        let prepared = try db.cachedStatement(sql: statement.text)
        prepared.setUncheckedArguments(StatementArguments(statement.values.map(\.databaseValue)))
        return prepared
    }

    private static func values(_ row: GRDB.Row) -> EngineRow {
        EngineRow(row.databaseValues.map(SQLValue.init))
    }

    private func translating<Value>(_ body: () throws -> Value) throws(ChatError) -> Value {
        do {
            return try body()
        } catch {
            throw .internalFault(EngineError(error, path: path))
        }
    }
}

extension SQLValue {
    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let number): self = .integer(number)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .blob([UInt8](data))
        case .double(let number): self = .text(String(number))
        }
    }

    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let number): number.databaseValue
        case .text(let text): text.databaseValue
        case .blob(let bytes): Data(bytes).databaseValue
        }
    }
}

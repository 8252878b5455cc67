import Chat
import ChatProtocol
import Database
import RostrumTesting

extension TestInstallation {
    /// The one number that a query gives, such as a count.
    func number(_ query: SQL) async throws -> Int64 {
        try await numbers(query).first ?? 0
    }

    /// The first column of every row.
    func numbers(_ query: SQL) async throws -> [Int64] {
        try await database.read { tx throws(ChatError) in
            try tx.rows(query).map { row throws(ChatError) in try row.integer(0) }
        }
    }

    /// Every row of a table, whoever it belongs to.
    func count(_ table: String) async throws -> Int64 {
        try await number(SQL(stringLiteral: "SELECT count(*) FROM \(table)"))
    }

    func execute(_ statement: SQL) async throws {
        _ = try await database.write { tx throws(ChatError) in try tx.execute(statement) }
    }
}

import ChatProtocol
import Database
import DatabaseSQLite
import RostrumTesting
import Testing

/// What a SQLite storage keeps of the statements that it has run.
@Suite struct SQLiteStatementTests {
    @Test("a prepared statement is kept, and the values that were bound to it are not, whether it ran or failed")
    func boundValues() async throws {
        try await withTemporaryDirectory { directory in
            let database = try SQLiteDatabase(path: "\(directory)/data.sqlite")
            try await database.migrate(Things.migrations)
            let text = String(repeating: "x", count: 100_000)

            // A statement of its own for each number of rows.
            for count in Int64(1)...20 {
                try await database.write { tx throws(ChatError) in try Self.add(count, text, in: tx) }
                let repetition = await refusal {
                    try await database.write { tx throws(ChatError) in try Self.add(count, text, in: tx) }
                }
                #expect(repetition != nil)
            }
            let found = try await database.write { tx throws(ChatError) in
                try tx.row("SELECT count(*) FROM things WHERE name = \(text)")?.integer(0)
            }

            #expect(found == 210)
            #expect(database.statementBytes() < 1_000_000)
            await database.close()
        }
    }

    private static func add(_ count: Int64, _ text: String, in tx: any Transaction) throws(ChatError) {
        let rows = (1...count).map { [1000 * count + $0, text] as [any SQLBindable] }
        try tx.execute("INSERT INTO things (id, name) VALUES \(rows: rows)")
    }
}

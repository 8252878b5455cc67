import ChatProtocol
import Database
import DatabaseSQLite
import RostrumTesting
import Testing

/// Tables that are read and filled whatever they are of.
@Suite struct TableTests {
    private static let migration = Migration(
        1,
        [
            """
            CREATE TABLE things (
                note TEXT,
                place TEXT NOT NULL,
                number BIGINT NOT NULL,
                PRIMARY KEY (number, place)
            )
            """
        ]
    )
    private static let things = Table(name: "things", columns: ["note", "place", "number"], key: ["number", "place"])

    @Test("rows come page by page in the order of the key as bytes, whole", arguments: StorageEngine.enabled)
    func pages(engine: StorageEngine) async throws {
        try await engine.withDatabase(migrations: [Self.migration]) { database in
            let rows = [
                Row([.null, .text("Z"), .integer(-1)]),
                Row([.text(""), .text("a"), .integer(-1)]),
                Row([.text("é"), .text("é"), .integer(-1)]), Row([.null, .text(""), .integer(9)]),
                Row([.text("x"), .text("B"), .integer(10)]),
            ]
            let found = try await database.write { tx throws(ChatError) in
                try tx.execute(Self.things.insert(rows.reversed()))
                var found: [Row] = []
                while true {
                    let position = found.last.map { Self.things.key(of: $0) }
                    let page = try tx.rows(Self.things.page(after: position, limit: 2))
                    found += page
                    if page.isEmpty { return found }
                }
            }

            #expect(found == rows)
            let count = try await database.read { tx throws(ChatError) in try tx.row(Self.things.count)?.integer(0) }
            #expect(count == 5)
        }
    }

    @Test("SQLite's tables are found with their columns and keys in order, and one without a key is named")
    func found() async throws {
        try await StorageEngine.sqlite.withDatabase(migrations: [Self.migration]) { database in
            let tables = try await database.read { tx throws(ChatError) in try Table.all(inSQLite: tx) }
            #expect(tables.map(\.name) == ["schema_compatibility", "schema_migrations", "things"])
            #expect(tables.last == Self.things)

            _ = try await database.write { tx throws(ChatError) in try tx.execute("CREATE TABLE keyless (a TEXT)") }
            let error = await #expect(throws: ChatError.self) {
                try await database.read { tx throws(ChatError) in try Table.all(inSQLite: tx) }
            }
            #expect((error?.cause as? DatabaseError)?.message.contains("keyless") == true)
        }
    }
}

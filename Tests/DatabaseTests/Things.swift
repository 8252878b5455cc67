import ChatProtocol
import Database
import RostrumTesting

/// The table that the contract is tried on.
enum Things {
    static let migrations = [
        Migration(
            1,
            [
                """
                CREATE TABLE things (
                    id BIGINT PRIMARY KEY,
                    name TEXT NOT NULL,
                    data BLOB
                )
                """
            ]
        )
    ]

    static func add(_ id: Int64, _ name: String = "", in tx: any Transaction) throws(ChatError) {
        try tx.execute("INSERT INTO things (id, name) VALUES (\(id), \(name))")
    }

    static func ids(in tx: any Transaction) throws(ChatError) -> [Int64] {
        try tx.rows("SELECT id FROM things ORDER BY id").map { row throws(ChatError) in try row.integer(0) }
    }

    static func count(in tx: any Transaction) throws(ChatError) -> Int64? {
        try tx.row("SELECT count(*) FROM things")?.integer(0)
    }
}

extension Database {
    func addThing(_ id: Int64, _ name: String = "") async throws(ChatError) {
        try await write { tx throws(ChatError) in try Things.add(id, name, in: tx) }
    }

    func thingIDs() async throws(ChatError) -> [Int64] {
        try await read { tx throws(ChatError) in try Things.ids(in: tx) }
    }
}

extension StorageEngine {
    func withThings(_ body: (any Database) async throws -> Void) async throws {
        try await withDatabase(migrations: Things.migrations, body)
    }
}

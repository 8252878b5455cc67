import Chat
import ChatProtocol
import Database
import DatabaseSQLite
import FoundationEssentials

/// A copy of a storage that nobody else has open yet.
enum SQLiteCopy {
    struct Facts {
        let schema: Int64
        let generation: String?
        let installation: String?
        let rows: [String: Int64]
    }

    /// - Throws: ``StartError`` with what is damaged.
    static func demandSound(_ path: String, named name: String) throws(StartError) {
        let damage: [String]
        do {
            damage = try SQLiteFile.damage(in: path)
        } catch {
            throw StartError(error.message)
        }
        guard damage.isEmpty else {
            throw StartError("\(name) is damaged: \(damage.prefix(5).joined(separator: "; "))")
        }
    }

    static func facts(of path: String) async throws(StartError) -> Facts {
        try await withDatabase(path) { database throws(ChatError) in
            guard let schema = try await database.newestMigration() else {
                throw .internalFault(
                    DatabaseError(.unavailable, "the storage has no schema yet; start the server first")
                )
            }
            return try await database.read { tx throws(ChatError) in
                var rows: [String: Int64] = [:]
                for table in try Table.all(inSQLite: tx) { rows[table.name] = try tx.row(table.count)?.integer(0) ?? 0 }
                return Facts(
                    schema: schema,
                    generation: try StorageProperty.generation.value(in: tx),
                    installation: try StorageProperty.installation.value(in: tx),
                    rows: rows
                )
            }
        }
    }

    /// Opens the copy for the time of `body`; what is written may stand in a WAL afterwards.
    static func withDatabase<Value>(
        _ path: String,
        _ body: (any Database) async throws(ChatError) -> Value
    ) async throws(StartError) -> Value {
        do throws(ChatError) {
            let database = try SQLiteDatabase(path: path)
            do throws(ChatError) {
                let value = try await body(database)
                await database.close()
                return value
            } catch {
                await database.close()
                throw error
            }
        } catch {
            throw StartError(error)
        }
    }

    /// Removes the copy and what SQLite has beside it.
    static func remove(_ path: String) {
        for file in [path, path + "-wal", path + "-shm", path + "-journal"] {
            try? FileManager.default.removeItem(atPath: file)
        }
    }
}

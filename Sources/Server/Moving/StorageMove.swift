import Chat
import ChatProtocol
import Database
import DatabasePostgres
import DatabaseSQLite

/// Moves a one-machine installation to PostgreSQL, table by table in the order of the keys.
///
/// The target says how far it has come in the transaction that brings it there, so a move that was stopped, or whose
/// process was killed, is gone on with by running it again. The source is locked meanwhile, and a target that a move has
/// not ended with is opened by nobody else.
package struct StorageMove {
    /// What is not moved: what the nodes of the moment hold, and what a storage says of its own schema.
    package static let leftBehind: Set<String> = ["leases", "nodes", "schema_compatibility", "schema_migrations"]

    let source: any Database
    let target: any Database
    let tables: [Table]
    let allRows: Int64
    let rowsInBatch: Int
    let report: (MoveReport) async throws -> Void

    /// - Parameters:
    ///   - masterKey: the source's; the target's secrets stay sealed under it.
    ///   - url: a connection string of libpq.
    ///   - rowsInBatch: how many rows are in one transaction of the target.
    ///   - report: told after each batch; what it throws stops the move where it is.
    /// - Throws: ``StartError`` that says what to do, ``SettingError`` when the master key cannot be used, or what
    ///   `report` throws.
    package static func run(
        from directory: DataDirectory,
        masterKey: MasterKeySource = .dataDirectory,
        to url: String,
        rowsInBatch: Int = 2000,
        observer: StorageLocation.Observer = StorageLocation.Observer(),
        report: @escaping (MoveReport) async throws -> Void
    ) async throws -> MoveSummary {
        let location = StorageLocation.directory(directory)
        guard location.mayHoldInstallation else {
            throw StartError("there is no installation in \(directory.path)")
        }
        let lock = try directory.lock()
        let summary: MoveSummary
        do {
            let source = try await OpenStorage.open(location, masterKey: masterKey, observer: observer)
            summary = try await closing(source.database) {
                let target = try openTarget(url)
                return try await closing(target) {
                    try await run(from: source, to: target, rowsInBatch, report)
                }
            }
        } catch let error as ChatError {
            throw StartError(error)
        }
        _ = consume lock
        return summary
    }

    private static func run(
        from source: OpenStorage,
        to target: any Database,
        _ rowsInBatch: Int,
        _ report: @escaping (MoveReport) async throws -> Void
    ) async throws -> MoveSummary {
        let installation = try await InstallationIdentity.find(in: source.database, random: source.random)
        let (tables, rows) = try await source.database.read { tx throws(ChatError) in
            let tables = try Table.all(inSQLite: tx).filter { !leftBehind.contains($0.name) }
            var rows: Int64 = 0
            for table in tables { rows += try tx.row(table.count)?.integer(0) ?? 0 }
            return (tables, rows)
        }
        let move = StorageMove(
            source: source.database,
            target: target,
            tables: tables,
            allRows: rows,
            rowsInBatch: rowsInBatch,
            report: report
        )
        var record = try await move.begin(MoveRecord(installation: installation, schema: Schema.migrations.count))
        try await move.copy(&record)
        try await move.verify()
        try await move.end(record)
        return MoveSummary(tables: tables.count, rows: rows)
    }

    private static func openTarget(_ url: String) throws(ChatError) -> any Database {
        var configuration = PostgresDatabase.Configuration()
        (configuration.lanes, configuration.readers) = (1, 1)
        // Where columns are null makes nearly every batch a statement of its own, which is not worth keeping.
        configuration.preparedStatements = 8
        return try PostgresDatabase(try ConnectionString(url), configuration: configuration)
    }

    private static func closing<Value>(
        _ database: any Database,
        _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await body()
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }
}

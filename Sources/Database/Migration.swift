package import ChatProtocol

/// One step of the schema's history; once released it never changes.
///
/// Written in SQLite's spelling of what both engines have: BIGINT, TEXT, BLOB; another engine translates those words.
package struct Migration: Sendable {
    /// 1 for the first, then without gaps.
    package let number: Int
    package let statements: [SQL]

    package init(_ number: Int, _ statements: [SQL]) {
        (self.number, self.statements) = (number, statements)
    }
}

extension Database {
    /// Brings the schema up to the newest of `migrations`, in one transaction.
    ///
    /// Safe to call from several processes at once: the later ones find the work done.
    ///
    /// - Parameter migrations: the whole history, in order.
    /// - Returns: how many steps were taken.
    /// - Throws: an internal fault caused by a ``DatabaseError`` of kind `newer` when the storage has seen a later
    ///   step than the newest here: an older program must not write to it.
    @discardableResult
    package func migrate(_ migrations: [Migration]) async throws(ChatError) -> Int {
        try await write { tx throws(ChatError) in
            try tx.execute("CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT PRIMARY KEY)")
            let newest = try readNewestMigration(in: tx)
            try refuseNewer(newest, known: migrations.count)
            let pending = migrations.filter { $0.number > newest }
            for migration in pending {
                for statement in migration.statements { try tx.execute(statement) }
                try tx.execute("INSERT INTO schema_migrations (number) VALUES (\(migration.number))")
            }
            return pending.count
        }
    }

    /// Refuses unless the schema is exactly that of `migrations`; changes nothing.
    ///
    /// - Throws: an internal fault caused by a ``DatabaseError``: of kind `newer` as ``migrate(_:)``, or of kind
    ///   `unavailable` when the storage has yet to be migrated by a server.
    package func demandSchema(_ migrations: [Migration]) async throws(ChatError) {
        guard let newest = try await newestMigration() else {
            throw .internalFault(
                DatabaseError(
                    .unavailable,
                    "the storage has no schema yet: the server that runs on it has just begun to make it; try again"
                )
            )
        }
        try refuseNewer(newest, known: migrations.count)
        guard newest == migrations.count else {
            throw .internalFault(
                DatabaseError(
                    .unavailable,
                    """
                    the storage has schema \(newest) and this program needs \(migrations.count), but a server of an \
                    older version runs on it: stop that server, or use its own program
                    """
                )
            )
        }
    }

    /// The number of the newest step that was taken, 0 for none; nil when the storage was never migrated.
    package func newestMigration() async throws(ChatError) -> Int64? {
        do throws(ChatError) {
            return try await read { tx throws(ChatError) in try readNewestMigration(in: tx) }
        } catch {
            // No statement that every engine understands asks whether a table is there.
            guard (error.cause as? DatabaseError)?.kind == .statement else { throw error }
            return nil
        }
    }
}

private func readNewestMigration(in tx: any Transaction) throws(ChatError) -> Int64 {
    try tx.row("SELECT max(number) FROM schema_migrations")?.optionalInteger(0) ?? 0
}

/// - Throws: an internal fault of kind `newer` when a step is one that nobody here knows.
private func refuseNewer(_ newest: Int64, known: Int) throws(ChatError) {
    guard newest <= Int64(known) else {
        throw .internalFault(
            DatabaseError(
                .newer,
                """
                the storage has schema \(newest) and this program knows up to \(known): \
                it was written by a newer version of Rostrum; run that version
                """
            )
        )
    }
}

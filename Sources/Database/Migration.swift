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
            let newest = try tx.row("SELECT max(number) FROM schema_migrations")?.optionalInteger(0) ?? 0
            let known = Int64(migrations.count)
            guard newest <= known else {
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
            let pending = migrations.filter { $0.number > newest }
            for migration in pending {
                for statement in migration.statements { try tx.execute(statement) }
                try tx.execute("INSERT INTO schema_migrations (number) VALUES (\(migration.number))")
            }
            return pending.count
        }
    }
}

package import ChatProtocol

/// One step of the schema's history; once released it never changes.
///
/// Written in SQLite's spelling of what both engines have: BIGINT, TEXT, BLOB; another engine translates those words.
///
/// While several nodes are upgraded one after the other, those of the version before run on the new schema, and may be
/// restarted on it. A step says from which schema on programs can do that. **To write one:**
///
/// * `compatibleFrom` is the schema of the release before if its programs, which know nothing of the step, go on doing
///   everything right on the tables as they are afterwards, beside programs that know it: new tables, new indexes, and
///   new columns that have a default and that the new programs can do without where an old one wrote the row.
/// * Anything else goes in two releases. The first adds the new beside the old, writes both and reads either; the
///   second, whose step is compatible from the first, takes the old away.
/// * Where that cannot be, leave it out: programs of earlier schemas refuse to start, and the upgrade needs a stop.
///
/// A step that locks a large table for long stops every node for as long, however compatible it is.
package struct Migration: Sendable {
    /// 1 for the first, then without gaps.
    package let number: Int
    /// The earliest schema whose programs can run on the storage once the step was taken.
    package let compatibleFrom: Int
    package let statements: [SQL]

    /// - Parameter compatibleFrom: nil when programs of no earlier schema can run any more.
    package init(_ number: Int, compatibleFrom: Int? = nil, _ statements: [SQL]) {
        (self.number, self.compatibleFrom, self.statements) = (number, compatibleFrom ?? number, statements)
    }
}

extension Database {
    /// Brings the schema up to the newest of `migrations`, in one transaction.
    ///
    /// Safe to call from several processes at once: the later ones find the work done.
    ///
    /// - Parameter migrations: the whole history, in order.
    /// - Returns: how many steps were taken; none when the storage has seen later ones that programs of this schema can
    ///   live with.
    /// - Throws: an internal fault caused by a ``DatabaseError`` of kind `newer` when it has seen one that they cannot.
    @discardableResult
    package func migrate(_ migrations: [Migration]) async throws(ChatError) -> Int {
        try await write { tx throws(ChatError) in
            try tx.execute("CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT PRIMARY KEY)")
            try tx.execute(
                """
                CREATE TABLE IF NOT EXISTS schema_compatibility (
                    number BIGINT PRIMARY KEY,
                    compatible_from BIGINT NOT NULL
                )
                """
            )
            let newest = try readNewestMigration(in: tx)
            try refuseNewer(newest, known: migrations.count, in: tx)
            let pending = migrations.filter { $0.number > newest }
            for migration in pending {
                for statement in migration.statements { try tx.execute(statement) }
                try tx.execute("INSERT INTO schema_migrations (number) VALUES (\(migration.number))")
                try tx.execute(
                    """
                    INSERT INTO schema_compatibility (number, compatible_from)
                    VALUES (\(migration.number), \(migration.compatibleFrom))
                    """
                )
            }
            return pending.count
        }
    }

    /// Migrates as ``migrate(_:)``, and waits while somebody else is at it.
    ///
    /// - Parameters:
    ///   - patience: how long at most.
    ///   - onWait: told each time that the storage was busy, with what it said.
    @discardableResult
    package func migrate(
        _ migrations: [Migration],
        waiting patience: Duration,
        onWait: @Sendable (DatabaseError) -> Void
    ) async throws(ChatError) -> Int {
        let deadline = ContinuousClock.now + patience
        while true {
            do throws(ChatError) {
                return try await migrate(migrations)
            } catch {
                guard let cause = error.cause as? DatabaseError, cause.kind == .busy, .now < deadline else {
                    throw error
                }
                onWait(cause)
            }
        }
    }

    /// Refuses unless the schema is that of `migrations`, or a later one that programs of theirs can live with; changes
    /// nothing.
    ///
    /// - Throws: an internal fault caused by a ``DatabaseError``: of kind `newer` as ``migrate(_:)``, of kind
    ///   `older` when the storage has yet to be migrated by a server, or `unavailable` when it has no schema at all.
    package func demandSchema(_ migrations: [Migration]) async throws(ChatError) {
        guard let newest = try await newestMigration() else {
            throw .internalFault(
                DatabaseError(
                    .unavailable,
                    "the storage has no schema yet: the server that runs on it has just begun to make it; try again"
                )
            )
        }
        try await read { tx throws(ChatError) in try refuseNewer(newest, known: migrations.count, in: tx) }
        guard newest >= migrations.count else {
            throw .internalFault(
                DatabaseError(
                    .older,
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

/// - Throws: an internal fault of kind `newer` when a step was taken that programs of this schema cannot live with.
private func refuseNewer(_ newest: Int64, known: Int, in tx: any Transaction) throws(ChatError) {
    guard newest > Int64(known) else { return }
    // Whoever took the last step wrote this down; of steps from before there was such a table it says nothing.
    let earliest = try tx.row("SELECT max(compatible_from) FROM schema_compatibility")?.optionalInteger(0)
    guard let earliest, earliest <= Int64(known) else {
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

import ChatProtocol
import Database
import GRDB

/// Commits groups of operations: one transaction and one fsync for all, a savepoint for each.
///
/// An operation that throws is rolled back to its savepoint and leaves the others alone. Nobody is answered before
/// COMMIT has returned; when it fails, or SQLite has rolled the transaction back by itself (disk full, I/O error),
/// nobody is answered OK.
///
/// Once the file has shown damage nothing more is written: what a damaged log holds is lost at the next start, and so would
/// be what is committed behind it.
struct GroupCommit: Sendable {
    let pool: DatabasePool
    let path: String
    let damage: StorageDamage
    let onCommit: @Sendable (_ operations: Int, _ took: Duration) -> Void

    @Sendable func run(_ jobs: [WriteOperation]) {
        if let found = damage.found {
            let error = EngineError(.corrupt, "nothing is written since damage was found: \(found)")
            for job in jobs { job.refuse(.internalFault(error)) }
            return
        }
        do {
            let (done, took) = try pool.writeWithoutTransaction { db in
                let done = try commit(jobs, in: db)
                // SQLite moves pages from the log to the file after a commit, and keeps to itself how that went.
                if let met = PageChecksums.damage(metBy: db.sqliteConnection, path: path) { damage.note(met) }
                return done
            }
            onCommit(jobs.count, took)
            for (outcome, actions) in done {
                for action in actions { action() }
                outcome.answer()
            }
        } catch {
            let error = EngineError(error, path: path)
            damage.note(error)
            let failure = ChatError.internalFault(error)
            for job in jobs { job.refuse(failure) }
        }
    }

    /// - Returns: of each job its outcome, and what is to be done before it is told; and how long it took to make all of
    ///   it durable.
    private func commit(
        _ jobs: [WriteOperation],
        in db: GRDB.Database
    ) throws -> ([(WriteOperation.Outcome, [@Sendable () -> Void])], Duration) {
        try db.beginTransaction(.immediate)
        do {
            var done: [(WriteOperation.Outcome, [@Sendable () -> Void])] = []
            done.reserveCapacity(jobs.count)
            let transaction = SQLiteTransaction(db: db, path: path, damage: damage)
            for job in jobs {
                try db.cachedStatement(sql: "SAVEPOINT operation").execute()
                let outcome = job.run(transaction)
                guard db.isInsideTransaction else {
                    throw transaction.lastFault
                        ?? EngineError(.unavailable, "\(path): SQLite undid a whole group of writes")
                }
                if outcome.isFailure { try db.cachedStatement(sql: "ROLLBACK TO operation").execute() }
                try db.cachedStatement(sql: "RELEASE operation").execute()
                let actions = transaction.takeCommitActions()
                done.append((outcome, outcome.isFailure ? [] : actions))
            }
            let began = ContinuousClock.now
            try db.commit()
            return (done, .now - began)
        } catch {
            if db.isInsideTransaction { try? db.rollback() }
            throw error
        }
    }
}

import ChatProtocol
import Database
import GRDB

/// Commits groups of operations: one transaction and one fsync for all, a savepoint for each.
///
/// An operation that throws is rolled back to its savepoint and leaves the others alone. Nobody is answered before
/// COMMIT has returned; when it fails, or SQLite has rolled the transaction back by itself (disk full, I/O error),
/// nobody is answered OK.
struct GroupCommit: Sendable {
    let pool: DatabasePool
    let path: String
    let onCommit: @Sendable (_ operations: Int) -> Void

    @Sendable func run(_ jobs: [WriteOperation]) {
        do {
            let done = try pool.writeWithoutTransaction { db in try commit(jobs, in: db) }
            onCommit(jobs.count)
            for (outcome, actions) in done {
                for action in actions { action() }
                outcome.answer()
            }
        } catch {
            let failure = ChatError.internalFault(EngineError(error, path: path))
            for job in jobs { job.refuse(failure) }
        }
    }

    /// - Returns: of each job its outcome, and what is to be done before it is told.
    private func commit(
        _ jobs: [WriteOperation],
        in db: GRDB.Database
    ) throws -> [(WriteOperation.Outcome, [@Sendable () -> Void])] {
        try db.beginTransaction(.immediate)
        do {
            var done: [(WriteOperation.Outcome, [@Sendable () -> Void])] = []
            done.reserveCapacity(jobs.count)
            let transaction = SQLiteTransaction(db: db, path: path)
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
            try db.commit()
            return done
        } catch {
            if db.isInsideTransaction { try? db.rollback() }
            throw error
        }
    }
}

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
            let outcomes = try pool.writeWithoutTransaction { db in try commit(jobs, in: db) }
            onCommit(jobs.count)
            for outcome in outcomes { outcome.answer() }
        } catch {
            let failure = ChatError.internalFault(EngineError(error, path: path))
            for job in jobs { job.refuse(failure) }
        }
    }

    private func commit(_ jobs: [WriteOperation], in db: GRDB.Database) throws -> [WriteOperation.Outcome] {
        try db.beginTransaction(.immediate)
        do {
            var outcomes: [WriteOperation.Outcome] = []
            outcomes.reserveCapacity(jobs.count)
            let transaction = SQLiteTransaction(db: db, path: path)
            for job in jobs {
                try db.cachedStatement(sql: "SAVEPOINT operation").execute()
                let outcome = job.run(transaction)
                guard db.isInsideTransaction else {
                    throw transaction.faults.last
                        ?? EngineError(.unavailable, "\(path): SQLite undid a whole group of writes")
                }
                if outcome.isFailure { try db.cachedStatement(sql: "ROLLBACK TO operation").execute() }
                try db.cachedStatement(sql: "RELEASE operation").execute()
                outcomes.append(outcome)
            }
            try db.commit()
            return outcomes
        } catch {
            if db.isInsideTransaction { try? db.rollback() }
            throw error
        }
    }
}

import ChatProtocol
import Database
import GRDB

/// Runs groups of reads, each group on one snapshot of the data: the hop to a connection is paid once for all.
struct GroupRead: Sendable {
    let pool: DatabasePool
    let path: String

    @Sendable func run(_ jobs: [ReadOperation]) {
        var done = 0
        do {
            try pool.read { db in
                let transaction = SQLiteTransaction(db: db, path: path)
                for job in jobs {
                    job.run(transaction)
                    done += 1
                }
            }
        } catch {
            // Whoever was answered has what the snapshot held; the rest never got one.
            let failure = ChatError.internalFault(EngineError(error, path: path))
            for job in jobs.dropFirst(done) { job.refuse(failure) }
        }
    }
}

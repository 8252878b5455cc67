import ChatProtocol
import Database
import GRDB

/// Runs groups of reads, each group on one snapshot of the data: the hop to a connection is paid once for all.
struct GroupRead: Sendable {
    let pool: DatabasePool
    let path: String
    let damage: StorageDamage

    @Sendable func run(_ jobs: [ReadOperation]) {
        var waiting = jobs[...]
        while !waiting.isEmpty {
            let before = waiting.count
            do {
                try pool.read { db in
                    let transaction = SQLiteTransaction(db: db, path: path, damage: damage)
                    repeat { waiting.popFirst()?.run(transaction) } while !waiting.isEmpty && db.isInsideTransaction
                }
            } catch  where waiting.count < before {
                // A fault of the disk ended the snapshot of those who were answered; the rest get another one.
            } catch {
                let error = EngineError(error, path: path)
                damage.note(error)
                for job in waiting { job.refuse(.internalFault(error)) }
                return
            }
        }
    }
}

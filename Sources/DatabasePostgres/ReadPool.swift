import ChatProtocol
import Database

/// Runs groups of reads, each group on one state of the data.
struct ReadPool: Sendable {
    let sessions: Pool<Session>

    @Sendable func run(_ jobs: [ReadOperation]) {
        sessions.use { run(jobs, in: $0) }
    }

    private func run(_ jobs: [ReadOperation], in session: Session) {
        var waiting = jobs[...]
        do throws(DatabaseError) {
            // Each round answers somebody, be it with the fault that lost the connection.
            while !waiting.isEmpty { waiting = try session.use { read(waiting, over: $0, to: $1) } }
        } catch {
            for job in waiting { job.refuse(.internalFault(error)) }
        }
    }

    /// - Returns: those that were not answered, for the connection was lost.
    private func read(
        _ jobs: ArraySlice<ReadOperation>,
        over connection: Connection,
        to server: Connection.Welcome
    ) -> ArraySlice<ReadOperation> {
        var waiting = jobs
        while !waiting.isEmpty, !connection.isLost {
            let transaction = PostgresTransaction(
                connection,
                server,
                beginning: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            )
            // After a fault the rest go on in another transaction.
            while transaction.fault == nil, let job = waiting.popFirst() { job.run(transaction) }
            transaction.rollBack()
        }
        return waiting
    }
}

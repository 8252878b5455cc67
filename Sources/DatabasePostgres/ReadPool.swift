import ChatProtocol
import Database
import Synchronization

/// Runs groups of reads, each group on one state of the data.
final class ReadPool: Sendable {
    private let idle: Mutex<[Session]>

    /// - Parameter sessions: as many as groups are run at the same time.
    init(_ sessions: [Session]) {
        idle = Mutex(sessions)
    }

    @Sendable func run(_ jobs: [ReadOperation]) {
        guard let session = idle.withLock({ $0.popLast() }) else {
            preconditionFailure("there are as many sessions as workers")
        }
        defer { idle.withLock { $0.append(session) } }
        var waiting = jobs[...]
        do throws(DatabaseError) {
            // Each round answers somebody, be it with the fault that lost the connection.
            while !waiting.isEmpty { waiting = try session.use { connection, _ in read(waiting, over: connection) } }
        } catch {
            for job in waiting { job.refuse(.internalFault(error)) }
        }
    }

    /// - Returns: those that were not answered, for the connection was lost.
    private func read(_ jobs: ArraySlice<ReadOperation>, over connection: Connection) -> ArraySlice<ReadOperation> {
        var waiting = jobs
        while !waiting.isEmpty, !connection.isLost {
            let transaction = PostgresTransaction(
                connection,
                beginning: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            )
            // After a fault the rest go on in another transaction.
            while transaction.fault == nil, let job = waiting.popFirst() { job.run(transaction) }
            transaction.rollBack()
        }
        return waiting
    }
}

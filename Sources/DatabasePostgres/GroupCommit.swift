import ChatProtocol
import Database

/// One transaction for a group of operations: one commit for all, a savepoint for each.
///
/// An operation that throws is rolled back to its savepoint and leaves the others alone. Nobody is answered before the
/// commit is durable.
struct GroupCommit {
    enum Ending {
        /// Everybody is answered.
        case answered
        /// Nothing was done and nobody was answered: it may be tried again.
        case undone(Fault)
        /// Nothing was done, and may not be tried again; nobody was answered.
        case failed(DatabaseError)
        /// Nobody was answered, and whether it was done is still to be found out.
        case lost(LostCommit)
    }

    /// What is told to whom after the commit.
    private typealias Answer = @Sendable () -> Void

    /// In the order of ``TurnLock/place(of:)``.
    let jobs: [WriteOperation]
    let server: Connection.Welcome
    let onCommit: @Sendable (_ operations: Int, _ took: Duration) -> Void

    func run(on connection: Connection) -> Ending {
        let transaction = PostgresTransaction(connection, server, beginning: "BEGIN ISOLATION LEVEL READ COMMITTED")
        // Before anything else is said, so that the number is known before the commit.
        if server.life != nil { transaction.askForNumber() }
        do throws(Fault) {
            let answers = try jobs.count == 1 ? runAlone(jobs[0], in: transaction) : runAll(in: transaction)
            guard let answers else { return .answered }
            return commit(transaction, answers)
        } catch {
            // A server that writes no more is left for the one that does.
            if error.effect == .readOnly { connection.giveUp() }
            transaction.rollBack()
            return .undone(error)
        }
    }

    private func commit(_ transaction: PostgresTransaction, _ answers: [Answer]) -> Ending {
        let began = ContinuousClock.now
        let answerAll: Answer = { [jobs, onCommit] in
            onCommit(jobs.count, .now - began)
            for answer in answers { answer() }
        }
        do throws(Fault) {
            try transaction.commit()
        } catch {
            transaction.rollBack()
            guard error.effect == .connection else { return .failed(error.error) }
            return .lost(LostCommit(transaction: numbered(transaction), fault: error, answer: answerAll))
        }
        answerAll()
        return .answered
    }

    private func numbered(_ transaction: PostgresTransaction) -> NumberedTransaction? {
        guard let number = transaction.number, let life = server.life else { return nil }
        return NumberedTransaction(number: number, life: life)
    }

    /// Runs the operation without a savepoint, for the transaction is its own.
    ///
    /// - Returns: nil when it failed, and was undone and answered.
    private func runAlone(
        _ job: WriteOperation,
        in transaction: PostgresTransaction
    ) throws(Fault) -> [Answer]? {
        takeTurns(in: transaction)
        takeTurn(of: job, after: nil, in: transaction)
        let outcome = job.run(transaction)
        let fault = try Self.survivable(transaction.fault)
        if fault != nil || outcome.isFailure {
            transaction.rollBack()
            Self.answer(failed: job, outcome, fault)()
            return nil
        }
        return [Self.answer(outcome, transaction.takeCommitActions())]
    }

    private func runAll(in transaction: PostgresTransaction) throws(Fault) -> [Answer] {
        takeTurns(in: transaction)
        var answers: [Answer] = []
        answers.reserveCapacity(jobs.count)
        var last: WriteOperation?
        for job in jobs {
            takeTurn(of: job, after: last, in: transaction)
            last = job
            transaction.beginOperation()
            let outcome = job.run(transaction)
            let fault = try Self.survivable(transaction.fault)
            if fault != nil || outcome.isFailure {
                try transaction.undoOperation()
                answers.append(Self.answer(failed: job, outcome, fault))
            } else {
                answers.append(Self.answer(outcome, transaction.keepOperation()))
            }
        }
        return answers
    }

    // Turns.

    private var concernsAll: Bool { jobs.contains { $0.turn == .installation } }

    private func takeTurns(in transaction: PostgresTransaction) {
        if concernsAll {
            transaction.queue(TurnLock.installation(of: server.schema))
        } else if jobs.contains(where: { $0.turn != .unordered }) {
            transaction.queue(TurnLock.share(of: server.schema))
        }
    }

    private func takeTurn(of job: WriteOperation, after last: WriteOperation?, in transaction: PostgresTransaction) {
        guard !concernsAll, case .application(let id) = job.turn, job.turn != last?.turn else { return }
        transaction.queue(TurnLock.application(id.rawValue, of: server.schema))
    }

    // Answers.

    /// - Throws: a fault that takes the whole transaction with it; any other is the operation's own.
    private static func survivable(_ fault: Fault?) throws(Fault) -> Fault? {
        guard let fault, fault.effect != .statement else { return fault }
        throw fault
    }

    private static func answer(_ outcome: WriteOperation.Outcome, _ actions: [Answer]) -> Answer {
        {
            for action in actions { action() }
            outcome.answer()
        }
    }

    private static func answer(
        failed job: WriteOperation,
        _ outcome: WriteOperation.Outcome,
        _ fault: Fault?
    ) -> Answer {
        // An operation that caught its error would say that it did what it did not.
        if let fault, !outcome.isFailure { return { job.refuse(.internalFault(fault.error)) } }
        return outcome.answer
    }
}

import ChatProtocol
import Database
import Dispatch
import RostrumTesting
import Synchronization

/// Runs everything that it is asked for within one transaction of another database, which is undone at the end: what
/// takes several writes leaves nothing behind either.
final class UndoneDatabase: ForwardingDatabase {
    private enum Job: Sendable {
        case read(ReadOperation)
        case write(WriteOperation)
        case end
    }

    let database: any Database
    private let jobs = Mutex<[Job]>([])
    private let waiting = DispatchSemaphore(value: 0)

    private init(over database: any Database) {
        self.database = database
    }

    /// Hands `body` a database that forgets everything when it returns.
    static func with<Value>(
        over database: any Database,
        _ body: (UndoneDatabase) async -> Value
    ) async -> Value {
        let undone = UndoneDatabase(over: database)
        async let ended: Void = undone.run()
        let value = await body(undone)
        undone.add(.end)
        await ended
        return value
    }

    func enqueue(_ operation: ReadOperation) { add(.read(operation)) }

    func enqueue(_ operation: WriteOperation) { add(.write(operation)) }

    private func add(_ job: Job) {
        jobs.withLock { $0.append(job) }
        waiting.signal()
    }

    private func run() async {
        await withCheckedContinuation { continuation in
            database.enqueue(
                WriteOperation(of: .installation) { transaction in
                    while self.runNext(in: transaction) {}
                    return WriteOperation.Outcome(isFailure: true) { continuation.resume() }
                } refuse: { error in
                    fatalError("the storage of the entries does not work: \(error)")
                }
            )
        }
    }

    /// - Returns: whether there may be another one.
    private func runNext(in transaction: any Transaction) -> Bool {
        waiting.wait()
        switch jobs.withLock({ $0.removeFirst() }) {
        case .read(let operation): operation.run(transaction)
        case .write(let operation):
            do throws(ChatError) {
                try transaction.execute("SAVEPOINT undone")
                let outcome = operation.run(transaction)
                if outcome.isFailure { try transaction.execute("ROLLBACK TO undone") }
                try transaction.execute("RELEASE undone")
                outcome.answer()
            } catch {
                operation.refuse(error)
            }
        case .end: return false
        }
        return true
    }
}

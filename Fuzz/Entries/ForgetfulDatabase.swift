import Database
import RostrumTesting

/// A database that undoes every write once its caller has what it came to, so that each input meets the same storage and
/// none costs an fsync.
struct ForgetfulDatabase: ForwardingDatabase {
    let database: any Database

    func enqueue(_ operation: WriteOperation) {
        database.enqueue(
            WriteOperation(of: operation.turn) { transaction in
                WriteOperation.Outcome(isFailure: true, answer: operation.run(transaction).answer)
            } refuse: { error in
                operation.refuse(error)
            }
        )
    }
}

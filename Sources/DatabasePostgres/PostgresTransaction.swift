import ChatProtocol
import Database

/// Statements on one connection, inside a transaction that begins with the first of them.
final class PostgresTransaction: Transaction {
    private let connection: Connection
    /// The server's timeline.
    let lineage: Int64
    /// Commands that go before the next statement: what begins the transaction, takes a turn, ends an operation.
    private var opening: [SQL]
    private var savepoint: SQL?
    private var commitActions: [@Sendable () -> Void] = []
    /// Why the transaction can do no more.
    private(set) var fault: Fault?
    /// Whether the server has heard of it.
    private(set) var hasBegun = false
    private var asksForNumber = false

    init(_ connection: Connection, _ server: Connection.Welcome, beginning: SQL) {
        (self.connection, lineage) = (connection, server.timeline)
        opening = [beginning]
    }

    /// Has a command said before the next statement, or before the end.
    func queue(_ command: SQL) {
        opening.append(command)
    }

    /// Has the server say with its first answer which number the transaction has there.
    func askForNumber() {
        asksForNumber = true
    }

    /// The number that was asked for; nil while there was no answer.
    var number: Int64? { asksForNumber && hasBegun ? connection.transactionNumber : nil }

    func onCommit(_ action: @escaping @Sendable () -> Void) {
        commitActions.append(action)
    }

    @discardableResult
    func execute(_ statement: SQL) throws(ChatError) -> Int {
        try run(statement).changedRows
    }

    func rows(_ query: SQL) throws(ChatError) -> [Row] {
        try read(run(query), limit: .max)
    }

    func row(_ query: SQL) throws(ChatError) -> Row? {
        try read(run(query), limit: 1).first
    }

    private func run(_ statement: SQL) throws(ChatError) -> Reply {
        if let fault { throw .internalFault(fault.error) }
        do throws(Fault) {
            try say(opening + (savepoint.map { [$0] } ?? []))
            savepoint = nil
            return try connection.run(statement)
        } catch {
            fault = error
            throw .internalFault(error.error)
        }
    }

    private func say(_ commands: [SQL]) throws(Fault) {
        let isFirst = !hasBegun
        hasBegun = true
        opening = []
        for command in commands { try connection.queue(command) }
        if isFirst, asksForNumber { try connection.queueTransactionNumber() }
    }

    private func read(_ reply: consuming Reply, limit: Int) throws(ChatError) -> [Row] {
        do throws(DatabaseError) {
            return try reply.rows(upTo: limit)
        } catch {
            throw .internalFault(error)
        }
    }
}

// One operation after the other, each in a savepoint.
extension PostgresTransaction {
    private static let undo: SQL = "ROLLBACK TO SAVEPOINT operation"
    private static let forget: SQL = "RELEASE SAVEPOINT operation"

    /// Sets a savepoint before the first statement of the operation that comes.
    func beginOperation() {
        savepoint = "SAVEPOINT operation"
    }

    /// Keeps what the operation did.
    ///
    /// - Returns: what is to be done after the commit for it.
    func keepOperation() -> [@Sendable () -> Void] {
        if savepoint == nil { queue(Self.forget) }
        savepoint = nil
        defer { commitActions = [] }
        return commitActions
    }

    /// Undoes what the operation did.
    ///
    /// - Throws: a fault that took the whole transaction with it.
    func undoOperation() throws(Fault) {
        commitActions = []
        let isUntouched = savepoint != nil
        savepoint = nil
        guard !isUntouched else { return }
        if fault == nil {
            queue(Self.undo)
        } else {
            _ = try connection.finish(Self.undo)
            fault = nil
        }
        queue(Self.forget)
    }
}

// The end.
extension PostgresTransaction {
    /// Commits, and returns when the commit is durable.
    ///
    /// - Throws: a fault after which it may be committed or not, when that of a connection; else it is not.
    func commit() throws(Fault) {
        guard hasBegun else { return }
        try say(opening)
        let end = try connection.finish("COMMIT")
        guard end.command == "COMMIT" else {
            throw Fault(.statement, DatabaseError(.unavailable, "\(connection.place): the server undid the writes"))
        }
    }

    /// Ends a transaction that changed nothing, or whose changes are not wanted.
    func rollBack() {
        guard hasBegun, !connection.isLost else { return }
        do throws(Fault) { try connection.finishLater("ROLLBACK") } catch { connection.giveUp() }
    }

    /// What is to be done after the commit for the only operation.
    func takeCommitActions() -> [@Sendable () -> Void] {
        defer { commitActions = [] }
        return commitActions
    }
}

import CLibpq
import Database

/// One connection in pipeline mode: commands that nobody waits for go with the next statement that somebody does.
///
/// Used by one thread at a time, which waits here for the server, but never longer than the deadline.
final class Connection {
    /// What was sent and has not been answered yet, in order.
    private enum Pending {
        case command(PreparedStatements.Key?)
        case transactionNumber
        case synchronization
    }

    let place: String
    private let server: OpaquePointer
    private let patience: Duration
    private let damage: StorageDamage
    private var statements: PreparedStatements
    private var pending: [Pending] = []
    private(set) var isLost = false
    /// What the server answered to ``queueTransactionNumber()`` when it was asked last.
    private(set) var transactionNumber: Int64?
    /// Whether statements of this transaction may take as long as they take: definitions do.
    private var isPatient = false

    /// - Parameters:
    ///   - server: a connection that stands; closed with this object.
    ///   - damage: told when the server says that its data are damaged.
    init(
        _ server: OpaquePointer,
        place: String,
        patience: Duration,
        statements: Int,
        damage: StorageDamage
    ) throws(Fault) {
        (self.server, self.place, self.patience, self.damage) = (server, place, patience, damage)
        self.statements = PreparedStatements(capacity: statements)
        guard PQsetnonblocking(server, 1) == 0, PQenterPipelineMode(server) == 1 else { throw failure() }
    }

    deinit {
        PQfinish(server)
    }

    /// Sends a command with the next statement; an error of it is thrown there.
    func queue(_ command: SQL) throws(Fault) {
        try send(command)
    }

    /// Asks with the next statement for the number of the transaction, which has one from then on.
    func queueTransactionNumber() throws(Fault) {
        transactionNumber = nil
        try send("SELECT pg_current_xact_id()::text::bigint", as: .transactionNumber)
    }

    /// Runs a statement and waits for what the server answers.
    ///
    /// - Throws: the error of the statement or of a command that was queued before it.
    func run(_ statement: SQL) throws(Fault) -> Reply {
        if !Dialect.isPrepared(statement.text) {
            isPatient = true
            try send("SET LOCAL statement_timeout = 0")
        }
        return try exchange(statement)
    }

    /// Runs a command that ends a transaction, and waits until it has.
    func finish(_ command: SQL) throws(Fault) -> Reply {
        defer { isPatient = false }
        return try exchange(command)
    }

    /// Ends a transaction of which it does not matter how it ends; waits only when the connection is used next.
    func finishLater(_ command: SQL) throws(Fault) {
        try send(command)
        try synchronize()
        isPatient = false
        try flush(until: .now + patience)
    }

    /// Has the connection closed rather than used again.
    func giveUp() {
        isLost = true
    }

    /// Looks whether the server has closed the connection while nobody used it.
    func notice() {
        var rounds = 0
        while !isLost, rounds < 16, waitForServer(writing: false, until: .now) {
            if PQconsumeInput(server) == 0 { isLost = true }
            rounds += 1
        }
    }

    /// Says a statement and what was queued, and takes in the answers.
    ///
    /// Synchronizes after each statement: only then the server takes a transaction that stands still for idle, and
    /// ends it after a while. After an error it skips what was queued up to there.
    private func exchange(_ statement: SQL) throws(Fault) -> Reply {
        try send(statement)
        try synchronize()
        return try receiveAll()
    }

    // Sending.

    private func send(_ statement: SQL, as kind: Pending = .command(nil)) throws(Fault) {
        let parameters = Parameters(statement.values)
        guard Dialect.isPrepared(statement.text) else {
            let text = Dialect.definition(statement.text)
            let isSent = parameters.withPointers { values, lengths, formats in
                PQsendQueryParams(
                    server,
                    text,
                    CInt(parameters.count),
                    parameters.types,
                    values,
                    lengths,
                    formats,
                    1
                )
            }
            guard isSent == 1 else { throw failure() }
            return pending.append(kind)
        }
        let name = try prepare(PreparedStatements.Key(text: statement.text, types: parameters.types))
        let isSent = parameters.withPointers { values, lengths, formats in
            PQsendQueryPrepared(server, name, CInt(parameters.count), values, lengths, formats, 1)
        }
        guard isSent == 1 else { throw failure() }
        pending.append(kind)
    }

    private func prepare(_ key: PreparedStatements.Key) throws(Fault) -> String {
        if let name = statements.name(of: key) { return name }
        let (name, forgotten) = statements.add(key)
        if let forgotten {
            guard PQsendQueryParams(server, "DEALLOCATE \(forgotten)", 0, nil, nil, nil, nil, 1) == 1 else {
                throw failure()
            }
            pending.append(.command(nil))
        }
        guard PQsendPrepare(server, name, key.text, CInt(key.types.count), key.types) == 1 else { throw failure() }
        pending.append(.command(key))
        return name
    }

    private func synchronize() throws(Fault) {
        guard PQpipelineSync(server) == 1 else { throw failure() }
        pending.append(.synchronization)
    }

    private func flush(until deadline: ContinuousClock.Instant) throws(Fault) {
        while true {
            switch PQflush(server) {
            case 0: return
            case 1:
                guard waitForServer(writing: true, until: deadline) else { throw timedOut() }
                guard PQconsumeInput(server) == 1 else { throw failure() }
            default: throw failure()
            }
        }
    }

    // Receiving.

    /// Takes in the answers to all that was sent.
    ///
    /// - Returns: that to the last command.
    private func receiveAll() throws(Fault) -> Reply {
        let deadline: ContinuousClock.Instant? = isPatient ? nil : .now + patience
        try flush(until: .now + patience)
        var last: Reply?
        var fault: Fault?
        for answered in pending {
            switch answered {
            case .synchronization:
                PQclear(try nextResult(until: deadline))
            case .command, .transactionNumber:
                guard let result = try nextResult(until: deadline) else { throw failure() }
                let reply = Reply(result)
                switch (PQresultStatus(result), answered) {
                case (PGRES_COMMAND_OK, _), (PGRES_TUPLES_OK, .command): break
                case (PGRES_TUPLES_OK, _): transactionNumber = reply.integer
                case (let status, _):
                    if status != PGRES_PIPELINE_ABORTED, fault == nil { fault = Fault(result, at: place) }
                    if case .command(let prepared?) = answered { statements.remove(prepared) }
                }
                last = consume reply
                // Each command's answers end with none.
                PQclear(try nextResult(until: deadline))
            }
        }
        pending = []
        if fault?.effect == .connection { isLost = true }
        if let fault {
            damage.note(fault.error)
            throw fault
        }
        guard let last else { throw failure() }
        return last
    }

    private func nextResult(until deadline: ContinuousClock.Instant?) throws(Fault) -> OpaquePointer? {
        while PQisBusy(server) == 1 {
            guard waitForServer(writing: false, until: deadline) else { throw timedOut() }
            guard PQconsumeInput(server) == 1 else { throw failure() }
        }
        return PQgetResult(server)
    }

    // When it does not work.

    private func timedOut() -> Fault {
        isLost = true
        Cancellation(of: server)?.request()
        return .lost(place, "no answer within \(patience); the connection was given up")
    }

    /// What libpq says of the connection, which is given up.
    private func failure() -> Fault {
        isLost = true
        let message = PQerrorMessage(server).map { String(cString: $0) } ?? ""
        return .lost(place, Self.oneLine(message))
    }

    static func oneLine(_ message: String) -> String {
        message.split(whereSeparator: \.isNewline).joined(separator: "; ")
    }

    /// - Parameter deadline: nil for as long as it takes.
    /// - Returns: whether the server has something to say, or can be told something, before the deadline.
    private func waitForServer(writing: Bool, until deadline: ContinuousClock.Instant?) -> Bool {
        Socket(PQsocket(server)).wait(writing: writing, until: deadline)
    }
}

package import ChatProtocol
import Crypto
package import Database
package import Metrics

/// Who may sign in to the console, and what they may do there.
///
/// Whatever changes them is in the installation's own audit. It happens at the time of `clock`, never at that of an
/// operation: the emulator's clock, which operators set, must not lengthen a session or move a code.
package struct Operators: Sendable {
    /// The shortest and the longest password, in characters and in bytes.
    package static let shortestPassword = 10
    package static let longestPassword = 256
    /// How long somebody is locked out who failed to sign in too often.
    package static let lockoutMinutes = SignInLimits.period / 60_000

    let database: any Database
    let clock: any WallClock
    let random: any RandomSource
    private let secrets: SecretBox
    let cost: PasswordCost
    let limits = SignInLimits()
    let counters: SignInCounters

    package init(
        database: any Database,
        clock: any WallClock,
        random: any RandomSource,
        secrets: SecretBox,
        cost: PasswordCost = .ours,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance
    ) {
        (self.database, self.clock, self.random, self.secrets) = (database, clock, random, secrets)
        self.cost = cost
        counters = SignInCounters(metrics)
    }

    /// - Throws: 60002 when the name is taken or the password too short or too long.
    @discardableResult
    package func create(
        _ name: OperatorName,
        _ role: OperatorRole,
        password: String,
        by operation: Operation
    ) async throws(ChatError) -> Operator {
        let hash = try await hash(password)
        return try await database.write(of: .installation) { tx throws(ChatError) in
            guard try OperatorTable.insert(name, role, hash, at: clock.now, in: tx) else {
                throw .badOperator("There is an operator \(name) already; choose another name.")
            }
            try record("operator create \(role.rawValue)", name.rawValue, operation, in: tx)
            return try demand(name, in: tx)
        }
    }

    package func all() async throws(ChatError) -> [Operator] {
        try await database.read { tx throws(ChatError) in try OperatorTable.all(in: tx) }
    }

    /// Operators in the order of their names.
    ///
    /// - Parameter last: the last name of the page before; empty for the first page.
    package func page(after last: String, limit: Int) async throws(ChatError) -> [Operator] {
        try await database.read { tx throws(ChatError) in try OperatorTable.page(after: last, limit: limit, in: tx) }
    }

    /// Gives an operator another password, and ends his sessions.
    ///
    /// - Throws: 60002 when there is no such operator, or the password is too short or too long.
    package func setPassword(
        of name: OperatorName,
        to password: String,
        by operation: Operation
    ) async throws(ChatError) {
        let hash = try await hash(password)
        try await database.write(of: .installation) { tx throws(ChatError) in
            guard try OperatorTable.setPassword(of: name, to: hash, in: tx) else { throw .noOperator(name) }
            try OperatorTable.deleteSessions(of: name, in: tx)
            try record("operator set-password", name.rawValue, operation, in: tx)
        }
    }

    /// Gives an operator another role, and ends his sessions.
    ///
    /// - Throws: 60002 when there is no such operator, or he is the last owner.
    package func setRole(
        of name: OperatorName,
        to role: OperatorRole,
        by operation: Operation
    ) async throws(ChatError) {
        try await database.write(of: .installation) { tx throws(ChatError) in
            let before = try demand(name, in: tx)
            _ = try OperatorTable.setRole(of: name, to: role, in: tx)
            if before.role == .owner { try demandOwner(in: tx) }
            if before.role != role { try OperatorTable.deleteSessions(of: name, in: tx) }
            try record("operator set-role \(role.rawValue)", name.rawValue, operation, in: tx)
        }
    }

    /// - Throws: 60002 when there is no such operator, or he is the last owner.
    package func delete(_ name: OperatorName, by operation: Operation) async throws(ChatError) {
        try await database.write(of: .installation) { tx throws(ChatError) in
            let before = try demand(name, in: tx)
            _ = try OperatorTable.delete(name, in: tx)
            if before.role == .owner { try demandOwner(in: tx) }
            try OperatorTable.deleteSessions(of: name, in: tx)
            try record("operator delete", name.rawValue, operation, in: tx)
        }
    }

    // MARK: The second factor

    /// A new secret to be shown to an operator; it counts once he has proved that his app has it.
    package func newSecondFactor() -> OneTimeCode {
        OneTimeCode(secret: random.bytes(20))
    }

    /// Asks an operator for a code from now on whenever he signs in, and ends his other sessions, which began without one.
    ///
    /// - Parameters:
    ///   - code: what his app shows.
    ///   - session: the one in which he asks for it, which goes on.
    /// - Returns: false when the code is not one of the secret's.
    package func addSecondFactor(
        _ secondFactor: OneTimeCode,
        code: String,
        in session: OperatorSession,
        by operation: Operation
    ) async throws(ChatError) -> Bool {
        let name = session.who.name
        guard let step = secondFactor.step(of: code, at: clock.now, after: 0) else { return false }
        try await database.write(of: .installation) { tx throws(ChatError) in
            let secret = hexadecimal(secondFactor.secret)
            let sealed = try secrets.seal(secret, for: SecretPlace.secondFactor(name), in: tx)
            guard try OperatorTable.setSecondFactor(of: name, to: sealed, usedStep: step, in: tx) else {
                throw .noOperator(name)
            }
            try OperatorTable.deleteSessions(of: name, but: session.digest, in: tx)
            try record("operator add-second-factor", name.rawValue, operation, in: tx)
        }
        return true
    }

    package func removeSecondFactor(of name: OperatorName, by operation: Operation) async throws(ChatError) {
        try await database.write(of: .installation) { tx throws(ChatError) in
            guard try OperatorTable.setSecondFactor(of: name, to: nil, usedStep: 0, in: tx) else {
                throw .noOperator(name)
            }
            try record("operator remove-second-factor", name.rawValue, operation, in: tx)
        }
    }

    func secondFactor(of name: OperatorName, _ sealed: [UInt8]) throws(ChatError) -> OneTimeCode {
        guard let secret = [UInt8](hexadecimal: try secrets.open(sealed, for: SecretPlace.secondFactor(name))) else {
            throw .internalFault(DatabaseError(.corrupt, "the second factor of \(name) is not hexadecimal"))
        }
        return OneTimeCode(secret: secret)
    }

    // MARK: Audit

    /// What was done to operators and who signed in, newest first.
    ///
    /// - Parameter last: the last entry of the page before.
    package func audit(
        _ limit: Int,
        before last: (Timestamp, String)? = nil
    ) async throws(ChatError) -> [AuditEntry] {
        try await database.read { tx throws(ChatError) in try InstallationAudit.newest(limit, before: last, in: tx) }
    }

    /// Forgets entries of the audit that are too old, at most `batch` of them.
    ///
    /// - Returns: how many went.
    func forgetAudit(batch: Int) async throws(ChatError) -> Int {
        let now = clock.now
        return try await database.write(of: .unordered) { tx throws(ChatError) in
            try InstallationAudit.sweep(at: now, batch: batch, in: tx)
        }
    }

    func record(
        _ action: String,
        _ target: String,
        _ operation: Operation,
        in tx: any Transaction
    ) throws(ChatError) {
        let entry = AuditEntry(
            time: clock.now,
            requestID: operation.id,
            caller: operation.performer,
            address: operation.address,
            action: action,
            target: target
        )
        try InstallationAudit.record(entry, in: tx)
    }

    // MARK: Rules

    private func hash(_ password: String) async throws(ChatError) -> PasswordHash {
        guard password.count >= Self.shortestPassword, password.utf8.count <= Self.longestPassword else {
            throw .badOperator(
                "A password has at least \(Self.shortestPassword) characters and at most \(Self.longestPassword) bytes."
            )
        }
        return try await PasswordHash.make(of: password, cost, random)
    }

    private func demand(_ name: OperatorName, in tx: any Transaction) throws(ChatError) -> Operator {
        guard let found = try OperatorTable.find(name, in: tx) else { throw .noOperator(name) }
        return found
    }

    private func demandOwner(in tx: any Transaction) throws(ChatError) {
        guard try OperatorTable.countOwners(in: tx) > 0 else {
            throw .badOperator("The last owner stays one: make another owner first.")
        }
    }
}

extension ChatError {
    static func badOperator(_ info: String) -> ChatError { ChatError(.httpParsingFailed, info) }

    static func noOperator(_ name: OperatorName) -> ChatError { badOperator("There is no operator \(name).") }
}

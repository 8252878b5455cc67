import ChatProtocol
package import Database

/// The rows of operators and of their sessions.
///
/// Neither belongs to an application: a sharded storage keeps them whole on every shard.
enum OperatorTable {
    /// What signing in is judged by.
    struct Credentials: Sendable {
        let password: PasswordHash
        /// Sealed; nil without a second factor.
        let secondFactor: [UInt8]?
        /// The last step whose code was accepted.
        let usedStep: Int64
    }

    static func insert(
        _ name: OperatorName,
        _ role: OperatorRole,
        _ password: PasswordHash,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        try tx.execute(
            """
            INSERT INTO operators (name, role, password, used_step, created_at)
            VALUES (\(name), \(role.rawValue), \(password.text), 0, \(now)) ON CONFLICT (name) DO NOTHING
            """
        ) == 1
    }

    static func all(in tx: any Transaction) throws(ChatError) -> [Operator] {
        try tx.rows(
            "SELECT name, role, CASE WHEN second_factor_sealed IS NULL THEN 0 ELSE 1 END, created_at, signed_in_at FROM operators ORDER BY name"
        )
        .map(read)
    }

    /// Operators in the order of their names, after `last`.
    static func page(after last: String, limit: Int, in tx: any Transaction) throws(ChatError) -> [Operator] {
        try tx.rows(
            """
            SELECT name, role, CASE WHEN second_factor_sealed IS NULL THEN 0 ELSE 1 END, created_at, signed_in_at FROM operators
            WHERE name > \(last) ORDER BY name LIMIT \(limit)
            """
        ).map(read)
    }

    static func find(_ name: OperatorName, in tx: any Transaction) throws(ChatError) -> Operator? {
        try tx.row(
            """
            SELECT name, role, CASE WHEN second_factor_sealed IS NULL THEN 0 ELSE 1 END, created_at, signed_in_at FROM operators
            WHERE name = \(name)
            """
        ).map(read)
    }

    static func credentials(of name: OperatorName, in tx: any Transaction) throws(ChatError) -> Credentials? {
        let row = try tx.row("SELECT password, second_factor_sealed, used_step FROM operators WHERE name = \(name)")
        return try row.map { row throws(ChatError) in
            Credentials(
                password: PasswordHash(text: try row.text(0)),
                secondFactor: try row.optionalBlob(1),
                usedStep: try row.integer(2)
            )
        }
    }

    static func setPassword(
        of name: OperatorName,
        to password: PasswordHash,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        try tx.execute("UPDATE operators SET password = \(password.text) WHERE name = \(name)") == 1
    }

    static func setRole(
        of name: OperatorName,
        to role: OperatorRole,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        try tx.execute("UPDATE operators SET role = \(role.rawValue) WHERE name = \(name)") == 1
    }

    /// - Parameter sealed: nil takes it away.
    static func setSecondFactor(
        of name: OperatorName,
        to sealed: [UInt8]?,
        usedStep: Int64,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        try tx.execute(
            """
            UPDATE operators SET second_factor_sealed = \(sealed), used_step = \(usedStep) WHERE name = \(name)
            """
        ) == 1
    }

    /// Remembers that a code was used.
    ///
    /// - Returns: false when it, or a later one, was used before.
    static func use(
        step: Int64,
        by name: OperatorName,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        try tx.execute(
            "UPDATE operators SET used_step = \(step) WHERE name = \(name) AND used_step < \(step)"
        ) == 1
    }

    static func delete(_ name: OperatorName, in tx: any Transaction) throws(ChatError) -> Bool {
        try tx.execute("DELETE FROM operators WHERE name = \(name)") == 1
    }

    static func countOwners(in tx: any Transaction) throws(ChatError) -> Int64 {
        try tx.row("SELECT COUNT(*) FROM operators WHERE role = \(OperatorRole.owner.rawValue)")?.integer(0) ?? 0
    }

    private static func read(_ row: Row) throws(ChatError) -> Operator {
        Operator(
            name: try row.value(0),
            role: try row.value(1),
            hasSecondFactor: try row.bool(2),
            createdAt: try row.timestamp(3),
            signedInAt: try row.optionalTimestamp(4)
        )
    }

    // MARK: Sessions

    static func insertSession(
        _ digest: [UInt8],
        of name: OperatorName,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) {
        try tx.execute(
            """
            INSERT INTO operator_sessions (digest, name, created_at, used_at)
            VALUES (\(hexadecimal(digest)), \(name), \(now), \(now))
            """
        )
        try tx.execute("UPDATE operators SET signed_in_at = \(now) WHERE name = \(name)")
    }

    /// Whose session it is, when it began and was last used.
    static func session(
        _ digest: [UInt8],
        in tx: any Transaction
    ) throws(ChatError) -> (Operator, began: Timestamp, used: Timestamp)? {
        let row = try tx.row(
            "SELECT name, created_at, used_at FROM operator_sessions WHERE digest = \(hexadecimal(digest))"
        )
        guard let row, let who = try find(try row.value(0), in: tx) else { return nil }
        return (who, try row.timestamp(1), try row.timestamp(2))
    }

    static func useSession(_ digest: [UInt8], at now: Timestamp, in tx: any Transaction) throws(ChatError) {
        try tx.execute("UPDATE operator_sessions SET used_at = \(now) WHERE digest = \(hexadecimal(digest))")
    }

    static func deleteSession(_ digest: [UInt8], in tx: any Transaction) throws(ChatError) {
        try tx.execute("DELETE FROM operator_sessions WHERE digest = \(hexadecimal(digest))")
    }

    /// - Parameter digest: of the session that goes on, if any does.
    static func deleteSessions(
        of name: OperatorName,
        but digest: [UInt8]? = nil,
        in tx: any Transaction
    ) throws(ChatError) {
        let spared = digest.map(hexadecimal) ?? ""
        try tx.execute("DELETE FROM operator_sessions WHERE name = \(name) AND digest <> \(spared)")
    }

    static func deleteSessions(
        begunBefore beginning: Timestamp,
        orUnusedSince use: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) {
        try tx.execute("DELETE FROM operator_sessions WHERE created_at < \(beginning) OR used_at < \(use)")
    }
}

extension OperatorName: SQLBindable {
    package var sqlValue: SQLValue { .text(rawValue) }
}

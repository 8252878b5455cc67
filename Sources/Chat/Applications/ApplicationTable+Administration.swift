import ChatProtocol
import Database

extension ApplicationTable {
    /// - Throws: 70020 when there is no such application.
    @discardableResult
    func demand(_ id: SDKAppID, in tx: any Transaction) throws(ChatError) -> Application {
        guard let application = try find(id, in: tx) else { throw .noApplication(id) }
        return application
    }

    /// Opens none of its secrets, so that one can be got rid of whose secrets do not open.
    ///
    /// - Throws: 70020 when there is no such application.
    static func demandExistence(of id: SDKAppID, in tx: any Transaction) throws(ChatError) {
        guard try exists(id, in: tx) else { throw .noApplication(id) }
    }

    /// The application as it is, and as it stays until the transaction ends, but for what the transaction does.
    ///
    /// - Throws: 70020 when there is no such application.
    @discardableResult
    func lock(_ id: SDKAppID, in tx: any Transaction) throws(ChatError) -> Application {
        try tx.execute("UPDATE applications SET enabled = enabled WHERE app = \(id)")
        return try demand(id, in: tx)
    }

    static func exists(_ id: SDKAppID, in tx: any Transaction) throws(ChatError) -> Bool {
        try tx.row("SELECT 1 FROM applications WHERE app = \(id)") != nil
    }

    static func isAdmin(_ account: UserID, of id: SDKAppID, in tx: any Transaction) throws(ChatError) -> Bool {
        try tx.row("SELECT 1 FROM application_admins WHERE app = \(id) AND account = \(account)") != nil
    }

    /// Makes an account an admin; an admin is an account, so it is imported whatever the quota says.
    func makeAdmin(_ admin: UserID, of id: SDKAppID, at now: Timestamp, in tx: any Transaction) throws(ChatError) {
        try addAdmin(admin, to: id, in: tx)
        try importAccount(admin, of: id, at: now, in: tx)
    }

    /// Imports an account that belongs to the application itself, whatever the quota says.
    func importAccount(
        _ account: UserID,
        of id: SDKAppID,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) {
        if try AccountTable.insert(NewAccount(id: account), of: id, at: now, in: tx) {
            try Usage.countAccount(of: id, in: tx)
        }
    }

    /// Deletes some of what an application holds, and counts it out of its usage in the same transaction.
    ///
    /// - Parameter batch: at most so many rows of each kind.
    /// - Returns: how many rows went; 0 when nothing is left.
    static func deleteSome(of id: SDKAppID, batch: Int, in tx: any Transaction) throws(ChatError) -> Int {
        let channels = try tx.execute(
            """
            DELETE FROM channels WHERE app = \(id) AND id IN
                (SELECT id FROM channels WHERE app = \(id) LIMIT \(batch))
            """
        )
        let accounts = try tx.execute(
            """
            DELETE FROM accounts WHERE app = \(id) AND id IN
                (SELECT id FROM accounts WHERE app = \(id) LIMIT \(batch))
            """
        )
        try Usage.release(channels: channels, accounts: accounts, of: id, in: tx)
        var gone = channels + accounts
        for statement in deletions(of: id, batch: batch) { gone += try tx.execute(statement) }
        return gone
    }

    /// The statements that delete some of each thing that no quota counts.
    private static func deletions(of id: SDKAppID, batch: Int) -> [SQL] {
        [
            """
            DELETE FROM deleted_accounts WHERE app = \(id) AND id IN
                (SELECT id FROM deleted_accounts WHERE app = \(id) LIMIT \(batch))
            """,
            """
            DELETE FROM idempotency_keys WHERE app = \(id) AND idempotency_key IN
                (SELECT idempotency_key FROM idempotency_keys WHERE app = \(id) LIMIT \(batch))
            """,
            """
            DELETE FROM subscriptions WHERE app = \(id) AND (channel, incarnation, account) IN
                (SELECT channel, incarnation, account FROM subscriptions WHERE app = \(id) LIMIT \(batch))
            """,
            """
            DELETE FROM broadcasts WHERE app = \(id) AND (channel, incarnation, seq) IN
                (SELECT channel, incarnation, seq FROM broadcasts WHERE app = \(id) LIMIT \(batch))
            """,
            """
            DELETE FROM destroyed_channels WHERE app = \(id) AND (channel, incarnation) IN
                (SELECT channel, incarnation FROM destroyed_channels WHERE app = \(id) LIMIT \(batch))
            """,
            """
            DELETE FROM unsubscribing_accounts WHERE app = \(id) AND account IN
                (SELECT account FROM unsubscribing_accounts WHERE app = \(id) LIMIT \(batch))
            """,
            """
            DELETE FROM outbox WHERE app = \(id) AND (channel, number) IN
                (SELECT channel, number FROM outbox WHERE app = \(id) LIMIT \(batch))
            """,
            """
            DELETE FROM outbox_lanes WHERE app = \(id) AND channel IN
                (SELECT channel FROM outbox_lanes WHERE app = \(id) LIMIT \(batch))
            """,
            """
            DELETE FROM dead_letters WHERE app = \(id) AND (died_at, delivery) IN
                (SELECT died_at, delivery FROM dead_letters WHERE app = \(id) LIMIT \(batch))
            """,
            """
            DELETE FROM webhook_attempts WHERE app = \(id) AND (at, delivery, attempt) IN
                (SELECT at, delivery, attempt FROM webhook_attempts WHERE app = \(id) LIMIT \(batch))
            """,
        ]
    }

    /// The statements that delete the application itself, once it holds nothing.
    static func settings(of id: SDKAppID) -> [SQL] {
        [
            "DELETE FROM leases WHERE app = \(id)",
            "DELETE FROM application_usage WHERE app = \(id)",
            "DELETE FROM application_limits WHERE app = \(id)",
            "DELETE FROM application_admins WHERE app = \(id)",
            "DELETE FROM application_keys WHERE app = \(id)",
            "DELETE FROM applications WHERE app = \(id)",
        ]
    }
}

extension ChatError {
    fileprivate static func noApplication(_ id: SDKAppID) -> ChatError {
        ChatError(.applicationNotFound, "There is no application \(id) in this installation.")
    }
}

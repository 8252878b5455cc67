import ChatProtocol
import Database

extension ApplicationTable {
    /// - Throws: 70020 when there is no such application.
    @discardableResult
    func demand(_ id: SDKAppID, in tx: any Transaction) throws(ChatError) -> Application {
        guard let application = try find(id, in: tx) else {
            throw ChatError(.applicationNotFound, "There is no application \(id) in this installation.")
        }
        return application
    }

    static func isAdmin(_ account: UserID, of id: SDKAppID, in tx: any Transaction) throws(ChatError) -> Bool {
        try tx.row("SELECT 1 FROM application_admins WHERE app = \(id) AND account = \(account)") != nil
    }

    /// Makes an account an admin; an admin is an account, so it is imported whatever the quota says.
    func makeAdmin(_ admin: UserID, of id: SDKAppID, at now: Timestamp, in tx: any Transaction) throws(ChatError) {
        try addAdmin(admin, to: id, in: tx)
        let account = NewAccount(id: admin)
        if try AccountTable.insert(account, of: id, at: now, in: tx) {
            _ = try Usage.takeAccount(of: id, limit: 0, in: tx)
        }
    }

    /// The statements that delete what an application holds, each to be repeated until it changes nothing.
    static func contents(of id: SDKAppID, batch: Int) -> [SQL] {
        [
            """
            DELETE FROM channels WHERE app = \(id) AND id IN
                (SELECT id FROM channels WHERE app = \(id) LIMIT \(batch))
            """,
            """
            DELETE FROM accounts WHERE app = \(id) AND id IN
                (SELECT id FROM accounts WHERE app = \(id) LIMIT \(batch))
            """,
            """
            DELETE FROM deleted_accounts WHERE app = \(id) AND id IN
                (SELECT id FROM deleted_accounts WHERE app = \(id) LIMIT \(batch))
            """,
            """
            DELETE FROM idempotency_keys WHERE app = \(id) AND idempotency_key IN
                (SELECT idempotency_key FROM idempotency_keys WHERE app = \(id) LIMIT \(batch))
            """,
        ]
    }

    /// The statements that delete the application itself, once it holds nothing.
    static func settings(of id: SDKAppID) -> [SQL] {
        [
            "DELETE FROM application_usage WHERE app = \(id)",
            "DELETE FROM application_limits WHERE app = \(id)",
            "DELETE FROM application_admins WHERE app = \(id)",
            "DELETE FROM application_keys WHERE app = \(id)",
            "DELETE FROM applications WHERE app = \(id)",
        ]
    }
}

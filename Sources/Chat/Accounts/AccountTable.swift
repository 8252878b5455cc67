import ChatProtocol
import Database

/// The rows of accounts.
enum AccountTable {
    static func exists(_ id: UserID, of application: SDKAppID, in tx: any Transaction) throws(ChatError) -> Bool {
        try tx.row("SELECT 1 FROM accounts WHERE app = \(application) AND id = \(id)") != nil
    }

    /// Inserts an account, unless it is there.
    ///
    /// What was signed for a name before it was deleted is void for the one who has it next, and subscriptions that
    /// are left of the earlier account go.
    ///
    /// - Returns: whether the account is new.
    static func insert(
        _ account: NewAccount,
        of application: SDKAppID,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        let isNew =
            try tx.execute(
                """
                INSERT INTO accounts (app, id, nick, face_url, signatures_void_until_seconds, created_at)
                VALUES (\(application), \(account.id), \(account.nick ?? ""), \(account.faceURL ?? ""),
                    COALESCE((SELECT deleted_at / 1000 FROM deleted_accounts WHERE app = \(application)
                        AND id = \(account.id)), -1), \(now))
                ON CONFLICT (app, id) DO NOTHING
                """
            ) == 1
        if isNew { try DeletedSubscribers.finish(account.id, of: application, in: tx) }
        return isNew
    }

    /// Writes what the import gives; what it leaves out stays.
    static func update(
        _ account: NewAccount,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) {
        guard account.nick != nil || account.faceURL != nil else { return }
        try tx.execute(
            """
            UPDATE accounts SET nick = COALESCE(\(account.nick), nick), face_url = COALESCE(\(account.faceURL), face_url)
            WHERE app = \(application) AND id = \(account.id)
            """
        )
    }

    /// - Returns: whether there was such an account.
    static func delete(_ id: UserID, of application: SDKAppID, in tx: any Transaction) throws(ChatError) -> Bool {
        try tx.execute("DELETE FROM accounts WHERE app = \(application) AND id = \(id)") == 1
    }

    /// Makes every UserSig issued up to and in that second void; what was void before stays so.
    ///
    /// - Returns: whether there is such an account.
    static func voidSignatures(
        of id: UserID,
        upTo moment: Timestamp,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        try tx.execute(
            """
            UPDATE accounts SET signatures_void_until_seconds =
                CASE WHEN signatures_void_until_seconds > \(moment.seconds) THEN signatures_void_until_seconds
                ELSE \(moment.seconds) END
            WHERE app = \(application) AND id = \(id)
            """
        ) == 1
    }

    /// The last second whose UserSigs are void, nil when none are.
    ///
    /// Of an account that was deleted, that of the deletion: who has its UserSig must not log in to life again.
    static func signaturesVoidUntil(
        _ id: UserID,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> Int64? {
        let row = try tx.row(
            """
            SELECT COALESCE(
                (SELECT signatures_void_until_seconds FROM accounts WHERE app = \(application) AND id = \(id)),
                (SELECT deleted_at / 1000 FROM deleted_accounts WHERE app = \(application) AND id = \(id)), -1)
            """
        )
        guard let second = try row?.integer(0), second >= 0 else { return nil }
        return second
    }

    /// Of each of some accounts that are there the last second whose UserSigs are void, negative when none are.
    ///
    /// - Parameter ids: at least one, a query's worth.
    static func signaturesVoidUntil(
        _ ids: [UserID],
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> [(UserID, Int64)] {
        try tx.rows(
            """
            SELECT id, signatures_void_until_seconds FROM accounts
            WHERE app = \(application) AND id IN (\(list: ids))
            """
        ).map { row throws(ChatError) in (try row.value(0), try row.integer(1)) }
    }

    static func find(_ id: UserID, of application: SDKAppID, in tx: any Transaction) throws(ChatError) -> Account? {
        try tx.row(
            "SELECT id, nick, face_url, created_at FROM accounts WHERE app = \(application) AND id = \(id)"
        ).map { row throws(ChatError) in try account(row) }
    }

    /// The account as it is, and as it stays until the transaction ends, but for what the transaction does.
    static func lock(_ id: UserID, of application: SDKAppID, in tx: any Transaction) throws(ChatError) -> Account? {
        try tx.row(
            """
            UPDATE accounts SET nick = nick WHERE app = \(application) AND id = \(id)
            RETURNING id, nick, face_url, created_at
            """
        ).map { row throws(ChatError) in try account(row) }
    }

    /// Accounts in the order of their names, after `last`.
    ///
    /// - Parameter prefix: what the names begin with; characters that no name has find nothing.
    static func page(
        of application: SDKAppID,
        beginning prefix: String = "",
        after last: String,
        limit: Int,
        in tx: any Transaction
    ) throws(ChatError) -> [Account] {
        // PostgreSQL takes no NUL, not even to compare with.
        guard prefix.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return [] }
        // One lower and one upper bound, so that both engines go to the first row in the index and read on from there:
        // names have none of the characters before the space, and none after the tilde.
        let first = last < prefix ? prefix : last + "\u{1}"
        return try tx.rows(
            """
            SELECT id, nick, face_url, created_at FROM accounts
            WHERE app = \(application) AND id >= \(first) AND id < \(prefix + "\u{7F}") ORDER BY id LIMIT \(limit)
            """
        ).map { row throws(ChatError) in try account(row) }
    }

    private static func account(_ row: Row) throws(ChatError) -> Account {
        Account(
            id: try row.value(0),
            nick: try row.text(1),
            faceURL: try row.text(2),
            createdAt: try row.timestamp(3)
        )
    }

    // Deleted names, which a plan may bar from coming back for a while.

    static func rememberDeletion(
        of id: UserID,
        of application: SDKAppID,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) {
        try tx.execute(
            """
            INSERT INTO deleted_accounts (app, id, deleted_at) VALUES (\(application), \(id), \(now))
            ON CONFLICT (app, id) DO UPDATE SET deleted_at = excluded.deleted_at
            """
        )
    }

    static func wasDeleted(
        _ id: UserID,
        of application: SDKAppID,
        after moment: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        try tx.row(
            """
            SELECT 1 FROM deleted_accounts
            WHERE app = \(application) AND id = \(id) AND deleted_at > \(moment)
            """
        ) != nil
    }
}

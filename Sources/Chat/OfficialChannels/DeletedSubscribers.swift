import ChatProtocol
import Database

/// Accounts that were deleted and whose subscriptions have yet to go.
///
/// An account may subscribe to any number of channels, so that is done in batches, of which the first goes with the
/// account; what is left of it stands in the storage, and a crash between two of them loses nothing. Nobody subscribes under the name meanwhile: who is not
/// imported cannot, and who is imported again is so after the last batch.
enum DeletedSubscribers {
    static func add(
        _ user: UserID,
        of application: SDKAppID,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) {
        try tx.execute(
            """
            INSERT INTO unsubscribing_accounts (app, account, deleted_at) VALUES (\(application), \(user), \(now))
            ON CONFLICT (app, account) DO UPDATE SET deleted_at = excluded.deleted_at
            """
        )
    }

    /// Removes subscriptions of these such accounts, at most `most` of them in all.
    static func unsubscribe(
        _ users: [UserID],
        of application: SDKAppID,
        atMost most: Int,
        in tx: any Transaction
    ) throws(ChatError) {
        var room = most
        for user in users where room > 0 {
            room -= try unsubscribeSome(user, of: application, batch: room, in: tx)
        }
    }

    /// Removes subscriptions of one such account.
    ///
    /// - Returns: how many went, and 1 more when the account is done with; 0 when there is none.
    static func unsubscribeSome(
        of application: SDKAppID,
        batch: Int,
        in tx: any Transaction
    ) throws(ChatError) -> Int {
        let account = try tx.row(
            "SELECT account FROM unsubscribing_accounts WHERE app = \(application) ORDER BY account LIMIT 1"
        )
        guard let account else { return 0 }
        return try unsubscribeSome(try account.value(0), of: application, batch: batch, in: tx)
    }

    /// Whether the application has such an account.
    static func exist(of application: SDKAppID, in tx: any Transaction) throws(ChatError) -> Bool {
        try tx.row("SELECT 1 FROM unsubscribing_accounts WHERE app = \(application) LIMIT 1") != nil
    }

    /// Removes what is left of an earlier account of that name, all of it: the next one does not inherit it.
    ///
    /// Little or nothing, for whoever imports has done so in batches before.
    static func finish(_ user: UserID, of application: SDKAppID, in tx: any Transaction) throws(ChatError) {
        let isUnfinished =
            try tx.row("SELECT 1 FROM unsubscribing_accounts WHERE app = \(application) AND account = \(user)") != nil
        guard isUnfinished else { return }
        let batch = 500
        while try unsubscribeSome(user, of: application, batch: batch, in: tx) == batch {}
    }

    private static func unsubscribeSome(
        _ user: UserID,
        of application: SDKAppID,
        batch: Int,
        in tx: any Transaction
    ) throws(ChatError) -> Int {
        let subscriptions = try tx.rows(
            """
            SELECT channel, incarnation FROM subscriptions WHERE app = \(application) AND account = \(user)
            ORDER BY subscribed_at, channel LIMIT \(batch)
            """
        )
        for row in subscriptions {
            let channel: ChannelID = try row.value(0)
            let incarnation = try row.integer(1)
            // The channel's row first, as every operation on a channel takes it; a destroyed one has none.
            _ = try ChannelTable.lock(channel, of: application, in: tx)
            let gone = try tx.execute(
                """
                DELETE FROM subscriptions WHERE app = \(application) AND channel = \(channel)
                    AND incarnation = \(incarnation) AND account = \(user)
                """
            )
            try tx.execute(
                """
                UPDATE channels SET subscribers = subscribers - \(gone), subscription_head = subscription_head + \(gone)
                WHERE app = \(application) AND id = \(channel) AND incarnation = \(incarnation)
                """
            )
        }
        guard subscriptions.count < batch else { return subscriptions.count }
        try tx.execute("DELETE FROM unsubscribing_accounts WHERE app = \(application) AND account = \(user)")
        return subscriptions.count + 1
    }

    /// Every application that has such an account.
    static func applications(in tx: any Transaction) throws(ChatError) -> [SDKAppID] {
        try tx.rows("SELECT DISTINCT app FROM unsubscribing_accounts ORDER BY app").map { row throws(ChatError) in
            try row.application(0)
        }
    }
}

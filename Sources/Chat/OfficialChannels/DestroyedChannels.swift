import ChatProtocol
import Database

/// What destroyed channels left behind: subscriptions and broadcasts of incarnations that nobody can reach.
enum DestroyedChannels {
    /// Applications with channels that left something.
    static func applications(in tx: any Transaction) throws(ChatError) -> [SDKAppID] {
        try tx.rows("SELECT DISTINCT app FROM destroyed_channels ORDER BY app").map { row throws(ChatError) in
            try row.application(0)
        }
    }

    /// Deletes some of what one destroyed channel left, at most `batch` rows of each kind.
    ///
    /// - Returns: how many rows went; 0 when nothing is left.
    static func sweepSome(of application: SDKAppID, batch: Int, in tx: any Transaction) throws(ChatError) -> Int {
        let row = try tx.row("SELECT channel, incarnation FROM destroyed_channels WHERE app = \(application) LIMIT 1")
        guard let row else { return 0 }
        let channel: ChannelID = try row.value(0)
        let incarnation = try row.integer(1)
        let subscriptions = try tx.execute(
            """
            DELETE FROM subscriptions WHERE app = \(application) AND channel = \(channel)
                AND incarnation = \(incarnation) AND account IN (
                    SELECT account FROM subscriptions WHERE app = \(application) AND channel = \(channel)
                        AND incarnation = \(incarnation) LIMIT \(batch)
                )
            """
        )
        let broadcasts = try tx.execute(
            """
            DELETE FROM broadcasts WHERE app = \(application) AND channel = \(channel)
                AND incarnation = \(incarnation) AND seq IN (
                    SELECT seq FROM broadcasts WHERE app = \(application) AND channel = \(channel)
                        AND incarnation = \(incarnation) LIMIT \(batch)
                )
            """
        )
        guard subscriptions + broadcasts == 0 else { return subscriptions + broadcasts }
        return try tx.execute(
            """
            DELETE FROM destroyed_channels
            WHERE app = \(application) AND channel = \(channel) AND incarnation = \(incarnation)
            """
        )
    }
}

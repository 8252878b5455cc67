import ChatProtocol
import Database

/// What destroyed channels left behind: subscriptions and broadcasts of incarnations that nobody can reach.
enum DestroyedChannels {
    /// Deletes some of what one destroyed channel left, at most `batch` rows of each kind.
    ///
    /// - Returns: how many rows went; 0 when nothing is left.
    static func sweepSome(batch: Int, in tx: any Transaction) throws(ChatError) -> Int {
        let row = try tx.row("SELECT app, channel, incarnation FROM destroyed_channels LIMIT 1")
        guard let row else { return 0 }
        let application = try row.application(0)
        let channel: ChannelID = try row.value(1)
        let incarnation = try row.integer(2)
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

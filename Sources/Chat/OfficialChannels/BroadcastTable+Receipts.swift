import ChatProtocol
import Database
import EventBus

extension BroadcastTable {
    static func add(_ delivery: BroadcastDelivery, in tx: any Transaction) throws(ChatError) {
        let reference = delivery.reference
        let lastWrite = delivery.written > 0 ? delivery.lastWriteMilliseconds : nil
        try tx.execute(
            """
            UPDATE broadcasts SET online_sessions = online_sessions + \(delivery.online),
                written_sessions = written_sessions + \(delivery.written),
                lagging_sessions = lagging_sessions + \(delivery.lagging),
                last_write_ms = CASE WHEN last_write_ms >= COALESCE(\(lastWrite), last_write_ms) THEN last_write_ms
                    ELSE \(lastWrite) END
            WHERE app = \(reference.application) AND channel = \(reference.channel)
                AND incarnation = \(reference.incarnation) AND seq = \(delivery.seq)
            """
        )
    }

    /// Nil when the channel has no broadcast of that key.
    static func receipt(
        of key: MessageKey,
        in channel: OfficialChannel,
        of application: SDKAppID,
        _ tx: any Transaction
    ) throws(ChatError) -> BroadcastReceipt? {
        let row = try tx.row(
            """
            SELECT sent_at, online_sessions, written_sessions, lagging_sessions, last_write_ms FROM broadcasts
            WHERE app = \(application) AND channel = \(channel.id) AND incarnation = \(channel.incarnation)
                AND seq = \(key.seq)
            """
        )
        guard let row, try row.timestamp(0).seconds == key.seconds else { return nil }
        return BroadcastReceipt(
            online: try row.integer(1),
            written: try row.integer(2),
            lagging: try row.integer(3),
            read: try SubscriptionTable.readers(of: key.seq, in: channel, of: application, in: tx),
            lastWriteMilliseconds: try row.optionalInteger(4)
        )
    }
}

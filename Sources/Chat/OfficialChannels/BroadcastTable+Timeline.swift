import ChatProtocol
import Database

extension BroadcastTable {
    /// A broadcast as an event.
    struct Sent {
        let key: MessageKey
        let eventSeq: Int64
        let sentAt: Timestamp
        /// False for one that was online-only or dropped.
        let isStored: Bool
        let isRecalled: Bool
        /// Nil when it has none, or no longer.
        let body: [UInt8]?
        let cloudCustomData: String?
    }

    /// Broadcasts after a position and up to an event, in order.
    static func sent(
        in channel: OfficialChannel,
        of application: SDKAppID,
        after start: ChannelPosition,
        upTo eventSeq: Int64,
        withBodies: Bool,
        _ tx: any Transaction
    ) throws(ChatError) -> [Sent] {
        try tx.rows(
            """
            SELECT seq, sent_at, event_seq, kind, recalled_at, CASE WHEN \(withBodies) = 1 THEN body END,
                cloud_custom_data
            FROM broadcasts
            WHERE app = \(application) AND channel = \(channel.id) AND incarnation = \(channel.incarnation)
                AND seq > \(start.messageSeq) AND event_seq <= \(eventSeq)
            ORDER BY seq
            """
        ).map { row throws(ChatError) in
            let sentAt = try row.timestamp(1)
            let kind: BroadcastKind = try row.value(3)
            return Sent(
                key: MessageKey(seq: try row.integer(0), seconds: sentAt.seconds),
                eventSeq: try row.integer(2),
                sentAt: sentAt,
                isStored: kind == .stored,
                isRecalled: try row.optionalInteger(4) != nil,
                body: try row.optionalBlob(5),
                cloudCustomData: try row.optionalText(6)
            )
        }
    }

    /// A recall as an event.
    struct Recall {
        let key: MessageKey
        let eventSeq: Int64
        let at: Timestamp
        let reason: String?
    }

    /// Recalls after a position and up to an event, in order.
    static func recalls(
        in channel: OfficialChannel,
        of application: SDKAppID,
        after start: ChannelPosition,
        upTo eventSeq: Int64,
        _ tx: any Transaction
    ) throws(ChatError) -> [Recall] {
        try tx.rows(
            """
            SELECT seq, sent_at, recall_event_seq, recalled_at, recall_reason FROM broadcasts
            WHERE app = \(application) AND channel = \(channel.id) AND incarnation = \(channel.incarnation)
                AND recall_event_seq > \(start.eventSeq) AND recall_event_seq <= \(eventSeq)
            ORDER BY recall_event_seq
            """
        ).map { row throws(ChatError) in
            Recall(
                key: MessageKey(seq: try row.integer(0), seconds: try row.timestamp(1).seconds),
                eventSeq: try row.integer(2),
                at: try row.timestamp(3),
                reason: try row.optionalText(4)
            )
        }
    }

    /// The event that a broadcast was; 0 for the number 0, which stands before the first.
    static func eventSeq(
        of seq: Int64,
        in channel: OfficialChannel,
        of application: SDKAppID,
        _ tx: any Transaction
    ) throws(ChatError) -> Int64 {
        try tx.row(
            """
            SELECT event_seq FROM broadcasts WHERE app = \(application) AND channel = \(channel.id)
                AND incarnation = \(channel.incarnation) AND seq = \(seq)
            """
        )?.integer(0) ?? 0
    }
}

import ChatProtocol

extension AdminClient {
    private static let service = "official_account_open_http_svc"

    /// Sends one message to all subscribers of a channel: `send_official_account_msg` (spec/official-channels.md B.10).
    ///
    /// Refused with 130004 when there is no such channel, 80002 when the message is longer than the application allows
    /// (12 KB), 10023 when the channel sent more than its limit in the last second or hour (that is not tried again),
    /// 10016 or 120001 to 130000 by the application's webhook.
    ///
    /// Every attempt has the same `Random`. Sending the same again within 300 s with the same
    /// ``Broadcast/random`` gives the first message again, also without an idempotency key.
    @discardableResult
    public func sendBroadcast(
        _ broadcast: Broadcast,
        to channel: String,
        idempotencyKey: String? = nil
    ) async throws(RostrumError) -> SentBroadcast {
        let random = broadcast.random ?? UInt32(truncatingIfNeeded: surroundings.random())
        return try await write(
            "\(Self.service)/send_official_account_msg",
            broadcast.object(to: channel, random: random),
            idempotencyKey
        ) { (reply) throws(WireFault) in
            SentBroadcast(key: try reply.text("MsgKey"), sentAt: try reply.count("MsgTime"), random: random)
        }
    }

    /// Recalls up to 10 broadcasts of a channel: `official_account_msg_recall` (spec/official-channels.md B.11).
    ///
    /// Refused with 10010 when there is no such channel.
    ///
    /// - Parameter reason: told to the subscribers, at most 100 bytes.
    /// - Returns: one item for each key, in the order of the request.
    public func recallBroadcasts(
        _ keys: [String],
        of channel: String,
        reason: String? = nil,
        idempotencyKey: String? = nil
    ) async throws(RostrumError) -> [BroadcastRecall] {
        let body = (["Official_Account": .string(channel), "MsgKeyList": .texts(keys)] as JSONObject)
            .adding("Reason", reason)
        return try await write("\(Self.service)/official_account_msg_recall", body, idempotencyKey) {
            (reply) throws(WireFault) in
            try reply.objects("RecallRetList") { (item) throws(WireFault) in
                BroadcastRecall(
                    key: try item.text("MsgKey"),
                    code: ErrorCode(rawValue: Int(clamping: try item.integer("RetCode")))
                )
            }
        }
    }

    /// Returns a channel's broadcasts from the newest back: `official_account_msg_get_simple`
    /// (spec/official-channels.md B.12).
    ///
    /// Refused with 10010 when there is no such channel.
    ///
    /// - Parameters:
    ///   - channel: the channel.
    ///   - count: messages on the page, 1 to 20.
    ///   - before: ``HistoryPage/oldestKey`` of the page before; nil for the newest.
    ///   - withRecalled: whether recalled messages are shown, without their content.
    public func history(
        of channel: String,
        count: Int = 20,
        before: String? = nil,
        withRecalled: Bool = false
    ) async throws(RostrumError) -> HistoryPage {
        let body = HistoryPage.request(of: channel, count: count, before: before, withRecalled: withRecalled)
        return try await read("\(Self.service)/official_account_msg_get_simple", body) { (reply) throws(WireFault) in
            try HistoryPage(reply)
        }
    }

    /// Tells how far a broadcast has come: `rostrum_svc/get_broadcast_receipt`, a command of Rostrum's own.
    ///
    /// Refused with 130004 when there is no such channel, 10030 when there is no such message.
    public func broadcastReceipt(of key: String, in channel: String) async throws(RostrumError) -> BroadcastReceipt {
        let body: JSONObject = ["Official_Account": .string(channel), "MsgKey": .string(key)]
        return try await read("rostrum_svc/get_broadcast_receipt", body) { (reply) throws(WireFault) in
            try BroadcastReceipt(reply)
        }
    }
}

package import ChatProtocol
import Database

extension Broadcasts {
    /// Recalls broadcasts, however old, as long as they are kept.
    ///
    /// - Parameter keys: any texts; one that names no stored broadcast of the channel is refused by itself.
    /// - Returns: the code of each, in the order given: 0, or 10030 when there is no such broadcast, it was recalled
    ///   already, or it is no longer kept.
    /// - Throws: 10010 when there is no such channel.
    package func recall(
        _ keys: [String],
        reason: String?,
        in id: ChannelID,
        for call: Call
    ) async throws(ChatError) -> [ErrorCode] {
        let application = call.application
        try application.demandChannelService(at: call.time)
        let codes: [Int] = try await database.write(for: call) { tx throws(ChatError) in
            guard let channel = try ChannelTable.lock(id, of: application.id, in: tx) else { throw .noSender(id) }
            var codes: [ErrorCode] = []
            var recalled: [MessageKey] = []
            for text in keys {
                guard let key = try recallable(text, in: channel, of: application, at: call.time, tx) else {
                    codes.append(.messageNotFound)
                    continue
                }
                recalled.append(key)
                codes.append(.ok)
                try BroadcastTable.recall(
                    key.seq,
                    reason: reason,
                    eventSeq: channel.eventSeq + Int64(recalled.count),
                    in: channel,
                    of: application.id,
                    at: call.time,
                    tx
                )
            }
            guard !recalled.isEmpty else { return codes.map(\.rawValue) }
            try BroadcastTable.setEventSeq(
                channel.eventSeq + Int64(recalled.count),
                of: channel,
                of: application.id,
                in: tx
            )
            announcer.recalled(recalled, reason: reason, in: channel, of: application.id, tx)
            try webhooks.tell(.afterRecall, for: call, about: id, in: tx) {
                WebhookBody.afterRecall(channel: id, keys: recalled, at: call.time.milliseconds)
            }
            let target = "\(id) \(recalled.map(\.rawValue).joined(separator: ","))"
            try Audit.record("official_account_msg_recall", of: target, by: call, in: tx)
            return codes.map(\.rawValue)
        }
        return codes.map(ErrorCode.init(rawValue:))
    }

    private func recallable(
        _ text: String,
        in channel: OfficialChannel,
        of application: Application,
        at now: Timestamp,
        _ tx: any Transaction
    ) throws(ChatError) -> MessageKey? {
        guard let key = MessageKey(rawValue: text),
            let stored = try BroadcastTable.find(key.seq, in: channel, of: application.id, tx), stored.key == key,
            stored.kind == .stored, !stored.isRecalled, !application.hasExpired(stored.sentAt, at: now)
        else { return nil }
        return key
    }
}

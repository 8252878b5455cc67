package import ChatProtocol
import Crypto
import Database

/// Broadcasts: one message of a channel to all its subscribers, its history and its recall.
///
/// Every operation asks first whether the application has the channel service (131000).
///
/// Source: spec/official-channels.md B.10 to B.12.
package struct Broadcasts: Sendable {
    /// For how long the same content under the same number is the same broadcast, in seconds.
    package static let deduplicationSeconds: Int64 = 300
    /// The largest page of history.
    package static let largestPage = 20
    /// The most keys in one recall.
    package static let mostRecalls = 10
    /// The longest reason of a recall, in bytes.
    package static let longestReason = 100

    let database: any Database
    let webhooks: Webhooks
    let announcer: ChannelAnnouncer
    private let clock: any WallClock
    private let counters: BroadcastCounters

    init(
        database: any Database,
        webhooks: Webhooks,
        announcer: ChannelAnnouncer,
        clock: any WallClock,
        counters: BroadcastCounters
    ) {
        (self.database, self.webhooks, self.announcer, self.clock) = (database, webhooks, announcer, clock)
        self.counters = counters
    }

    /// Sends a broadcast: one durable row, whatever the number of subscribers.
    ///
    /// The same content under the same `Random` within 300 s is the first one again: it is answered with that one's
    /// key, and nothing is sent, numbered, counted or told.
    ///
    /// - Returns: the broadcast's key, whose seconds are `MsgTime`.
    /// - Throws: 6017 when it is online-only and leaves the last message as it is, 10016 or its own code when the
    ///   "before" webhook refuses, 10023 when the channel sent too many, 80002 when the message is too long, 80003 when
    ///   that webhook does not answer and must, 130004 when there is no such channel.
    package func send(_ new: NewBroadcast, for call: Call) async throws(ChatError) -> MessageKey {
        let application = call.application
        try application.demandChannelService(at: call.time)
        guard !new.isOnlineOnly || new.updatesLastMessage else {
            throw ChatError(.parameterInvalid, "SendMsgControl NoLastMsg is not allowed with OnlineOnlyFlag 1.")
        }
        let limit = application.limits[.messageBytes]
        guard Int64(new.size) <= limit else {
            throw ChatError(
                .messageTooLong,
                "MsgBody and CloudCustomData together are \(new.size) bytes long; at most \(limit) are allowed."
            )
        }
        // Of the request as it came, not of what a webhook makes of it: a caller who retries sends the same again.
        let digest = Self.digest(new)
        let (approved, kind, now) = try await askBeforeSending(new, digest, for: call)
        let sent: SentBroadcast = try await database.write(for: call) { tx throws(ChatError) in
            guard let channel = try ChannelTable.lock(new.channel, of: application.id, in: tx) else {
                throw .noChannel(new.channel)
            }
            if let first = try judge(digest, in: channel, of: application, at: now, tx) { return SentBroadcast(first) }
            let key = try BroadcastTable.insert(
                approved,
                kind,
                digest: digest,
                to: channel,
                of: application.id,
                at: now,
                in: tx
            )
            announcer.sent(approved, kind, key, in: channel, of: application.id, tx)
            counters.count(kind, in: tx)
            if kind != .dropped, !new.skipsAfterWebhook {
                try webhooks.tell(.afterSend, for: call, about: new.channel, in: tx) {
                    WebhookBody.afterSend(
                        channel: new.channel,
                        key: key,
                        isOnlineOnly: new.isOnlineOnly,
                        elements: approved.body.elements,
                        cloudCustomData: approved.cloudCustomData,
                        at: now.milliseconds
                    )
                }
            }
            try Audit.record("send_official_account_msg", of: "\(new.channel) \(key)", by: call, in: tx)
            return SentBroadcast(key)
        }
        return MessageKey(seq: sent.seq, seconds: sent.seconds)
    }

    /// What a retry under the same idempotency key is told again.
    private struct SentBroadcast: Codable {
        let seq: Int64
        let seconds: Int64

        init(_ key: MessageKey) {
            (seq, seconds) = (key.seq, key.seconds)
        }
    }

    /// Judges a broadcast by what the channel sent before.
    ///
    /// - Returns: the key of the first one when this is the same again.
    /// - Throws: 10023.
    private func judge(
        _ digest: [UInt8],
        in channel: OfficialChannel,
        of application: Application,
        at now: Timestamp,
        _ tx: any Transaction
    ) throws(ChatError) -> MessageKey? {
        let since = now.advanced(bySeconds: -Self.deduplicationSeconds)
        if let first = try BroadcastTable.find(digest: digest, since: since, in: channel, of: application.id, tx) {
            return first
        }
        for (name, seconds, words) in [
            (Limits.Name.broadcastsPerSecond, Int64(1), "second"),
            (.broadcastsPerHour, 3600, "hour"),
        ] {
            let limit = application.limits[name]
            guard limit > 0 else { continue }
            // Every number has a row: the one so many back tells whether they all fell into the time.
            let (back, overflows) = channel.headSeq.subtractingReportingOverflow(limit - 1)
            guard !overflows, back >= 1,
                let sentAt = try BroadcastTable.sentAt(back, in: channel, of: application.id, tx),
                sentAt > now.advanced(bySeconds: -seconds)
            else { continue }
            throw ChatError(
                .broadcastFrequencyExceeded,
                "\(channel.id) has sent \(limit) in the last \(words), which is all that is allowed; send later."
            )
        }
        return nil
    }

    /// Asks the backend, unless the transaction would refuse or only repeat an earlier answer.
    ///
    /// - Returns: what is to be sent, as what, and the moment to judge it by: that of the answer, for the webhook may have
    ///   taken its time; but where it is known to be an earlier one again, the moment of finding that out, so that none
    ///   is sent unasked because its 300 s ran out meanwhile.
    private func askBeforeSending(
        _ new: NewBroadcast,
        _ digest: [UInt8],
        for call: Call
    ) async throws(ChatError) -> (NewBroadcast, BroadcastKind, Timestamp) {
        let kind = new.isOnlineOnly ? BroadcastKind.onlineOnly : .stored
        let now = clock.now
        guard !new.skipsBeforeWebhook, call.application.webhooks.wants(.beforeSend) else { return (new, kind, now) }
        let isNew = try await database.read { tx throws(ChatError) in
            guard try !call.isAnswered(in: tx) else { return false }
            guard let channel = try ChannelTable.find(new.channel, of: call.application.id, in: tx) else {
                throw .noChannel(new.channel)
            }
            return try judge(digest, in: channel, of: call.application, at: now, tx) == nil
        }
        guard isNew else { return (new, kind, now) }
        let verdict = try await webhooks.ask(.beforeSend, for: call, about: new.channel.rawValue) {
            WebhookBody.beforeSend(
                channel: new.channel,
                isOnlineOnly: new.isOnlineOnly,
                elements: new.body.elements,
                cloudCustomData: new.cloudCustomData,
                at: now.milliseconds
            )
        }
        if verdict.code == WebhookVerdict.dropCode { return (new, .dropped, clock.now) }
        try verdict.demandConsent(else: .refusedByWebhook)
        return (replaced(new, by: verdict, for: call), kind, clock.now)
    }

    /// The broadcast with what the backend put in place of its content; as it was when that breaks a rule.
    private func replaced(_ new: NewBroadcast, by verdict: WebhookVerdict, for call: Call) -> NewBroadcast {
        do throws(MessageFault) {
            guard let replacement = try verdict.replacement(of: new) else { return new }
            guard Int64(replacement.size) <= call.application.limits[.messageBytes] else {
                webhooks.remark(
                    "replacement too long; sent as it was",
                    on: verdict,
                    to: .beforeSend,
                    for: call,
                    about: new.channel
                )
                return new
            }
            return replacement
        } catch {
            webhooks.remark(
                "replacement ignored, sent as it was: \(error.info)",
                on: verdict,
                to: .beforeSend,
                for: call,
                about: new.channel
            )
            return new
        }
    }

    /// SHA-256 over the number and the content.
    private static func digest(_ new: NewBroadcast) -> [UInt8] {
        var hash = SHA256()
        // The length keeps the two texts apart.
        hash.update(data: Array("\(new.random) \(new.body.json.count) ".utf8))
        hash.update(data: new.body.json)
        hash.update(data: Array((new.cloudCustomData ?? "").utf8))
        return Array(hash.finalize())
    }
}

extension Application {
    /// Whether a message that was sent at that moment is no longer kept.
    func hasExpired(_ sentAt: Timestamp, at now: Timestamp) -> Bool {
        limits.expiryMoment(at: now).map { sentAt <= $0 } ?? false
    }
}

extension ChatError {
    /// What recall and history answer for a channel that does not exist: they use the group service's codes.
    static func noSender(_ id: ChannelID) -> ChatError {
        ChatError(.conversationNotFound, "There is no official channel \(id).")
    }
}

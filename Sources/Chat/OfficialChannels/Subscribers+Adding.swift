package import ChatProtocol
import Database

extension Subscribers {
    /// Subscribes users, the first ones first, until the channel is full.
    ///
    /// - Parameter names: any texts; one that names no imported account is refused by itself.
    /// - Returns: what became of each, in the order given; a user named twice subscribes once.
    /// - Throws: 10016 or its own code when the "before" webhook refuses them all, 80003 when it does not answer and
    ///   must, 130004 when there is no such channel, 130006 when nobody could be added because the channel is full and
    ///   none subscribed already.
    package func add(
        _ names: [String],
        to id: ChannelID,
        for call: Call
    ) async throws(ChatError) -> [Subscribing] {
        try call.application.demandChannelService(at: call.time)
        let consent = try await askBeforeAdding(names, to: id, for: call)
        return try await database.write(for: call) { tx throws(ChatError) in
            try add(names, consent, to: id, for: call, as: "add_subscriber", in: tx).results
        }
    }

    /// Adds those who may be added, and tells of it.
    ///
    /// - Parameters:
    ///   - consent: what the backend said; nil when it was not asked.
    ///   - action: what the audit calls it.
    /// - Returns: the channel as it is then, and what became of each.
    func add(
        _ names: [String],
        _ consent: Consent?,
        to id: ChannelID,
        for call: Call,
        as action: String,
        in tx: any Transaction
    ) throws(ChatError) -> (channel: OfficialChannel, results: [Subscribing]) {
        let application = call.application.id
        guard let channel = try ChannelTable.lock(id, of: application, in: tx) else { throw .noChannel(id) }
        let outcome = try insert(names, consent, to: channel, for: call, in: tx)
        guard !outcome.added.isEmpty else {
            if outcome.metFullChannel, !outcome.results.contains(.already) { throw .full(channel) }
            return (channel, outcome.results)
        }
        let counted = try ChannelTable.count(Int64(outcome.added.count), of: channel, of: application, in: tx)
        announcer.subscribed(outcome.added, to: counted, of: application, in: tx)
        try webhooks.tell(.afterAddSubscriber, for: call, about: id, in: tx) {
            WebhookBody.afterAddSubscriber(
                channel: id,
                operator: call.caller,
                subscribers: outcome.added,
                at: call.time.milliseconds
            )
        }
        if channel.subscribers < channel.maxSubscribers, counted.subscribers >= channel.maxSubscribers {
            try webhooks.tell(.afterFull, for: call, about: id, in: tx) {
                WebhookBody.afterFull(channel: id, at: call.time.milliseconds)
            }
        }
        try Audit.record(action, of: target(id, outcome.added), by: call, in: tx)
        return (counted, outcome.results)
    }

    /// Whom the backend lets in.
    struct Consent {
        /// Whom it was asked about; nobody else may be added.
        let candidates: [UserID]
        let refused: Set<UserID>

        var allowed: Set<UserID> { Set(candidates).subtracting(refused) }
    }

    /// Asks the backend about those who would be added, unless there are none, or the call only repeats an earlier one.
    ///
    /// - Returns: nil when anybody may be added.
    func askBeforeAdding(_ names: [String], to id: ChannelID, for call: Call) async throws(ChatError) -> Consent? {
        guard call.application.webhooks.wants(.beforeAddSubscriber) else { return nil }
        let candidates: [UserID]? = try await database.read { tx throws(ChatError) in
            let application = call.application.id
            guard try !call.isAnswered(in: tx) else { return nil }
            guard let channel = try ChannelTable.find(id, of: application, in: tx) else { throw .noChannel(id) }
            var candidates: [UserID] = []
            for user in names.compactMap(UserID.init(rawValue:)) where !candidates.contains(user) {
                if try AccountTable.exists(user, of: application, in: tx),
                    try !SubscriptionTable.exists(user, in: channel, of: application, in: tx)
                {
                    candidates.append(user)
                }
            }
            return candidates
        }
        guard let candidates else { return nil }
        guard !candidates.isEmpty else { return Consent(candidates: [], refused: []) }
        let verdict = try await webhooks.ask(.beforeAddSubscriber, for: call, about: id.rawValue) {
            WebhookBody.beforeAddSubscriber(
                channel: id,
                operator: call.caller,
                subscribers: candidates,
                at: call.time.milliseconds
            )
        }
        try verdict.demandConsent(else: .refusedByWebhook)
        return Consent(candidates: candidates, refused: verdict.refusedSubscribers)
    }

    private struct Insertion {
        var results: [Subscribing] = []
        var added: [UserID] = []
        /// Whether somebody was refused for want of room alone.
        var metFullChannel = false
    }

    private func insert(
        _ names: [String],
        _ consent: Consent?,
        to channel: OfficialChannel,
        for call: Call,
        in tx: any Transaction
    ) throws(ChatError) -> Insertion {
        let application = call.application.id
        let wanted = consent?.allowed
        var room = channel.maxSubscribers - channel.subscribers
        func subscribe(_ users: [UserID]) throws(ChatError) -> Set<UserID> {
            let added = try SubscriptionTable.insert(users, to: channel, of: application, at: call.time, in: tx)
            room -= Int64(added.count)
            return added
        }
        var seen: Set<UserID> = []
        let users = names.compactMap(UserID.init(rawValue:)).filter { user in
            (wanted?.contains(user) ?? true) && seen.insert(user).inserted
        }
        // Where there is room for all they go together; else one by one, the first ones first.
        let together = Int64(users.count) <= room && !users.isEmpty ? try subscribe(users) : nil
        var insertion = Insertion()
        for name in names {
            guard let user = UserID(rawValue: name) else {
                insertion.results.append(.refused)
                continue
            }
            let isFirst = seen.remove(user) != nil
            let isAdded =
                if let together { isFirst && together.contains(user) } else {
                    isFirst && room > 0 ? try !subscribe([user]).isEmpty : false
                }
            if isAdded {
                insertion.added.append(user)
                insertion.results.append(.subscribed)
            } else if try SubscriptionTable.exists(user, in: channel, of: application, in: tx) {
                insertion.results.append(.already)
            } else {
                insertion.results.append(.refused)
                if isFirst, room <= 0, try AccountTable.exists(user, of: application, in: tx) {
                    insertion.metFullChannel = true
                }
            }
        }
        return insertion
    }
}

extension ChatError {
    fileprivate static func full(_ channel: OfficialChannel) -> ChatError {
        ChatError(
            .channelFull,
            "\(channel.id) has all \(channel.maxSubscribers) subscribers that its MaxSubscriberNum allows; raise it."
        )
    }
}

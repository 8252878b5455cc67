package import ChatProtocol
import Database
import EventBus

/// The subscribers of channels: added, removed, listed, described.
///
/// Every operation asks first whether the application has the channel service (131000).
///
/// Source: spec/official-channels.md B.4, B.5, B.7 to B.9.
package struct Subscribers: Sendable {
    private let database: any Database
    private let webhooks: Webhooks
    private let announcer: ChannelAnnouncer

    init(database: any Database, webhooks: Webhooks, announcer: ChannelAnnouncer) {
        (self.database, self.webhooks, self.announcer) = (database, webhooks, announcer)
    }

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
        let application = call.application
        try application.demandChannelService(at: call.time)
        let wanted = try await askBeforeAdding(names, to: id, for: call)
        let results: [Subscribing] = try await database.write(for: call) { tx throws(ChatError) in
            guard let channel = try ChannelTable.lock(id, of: application.id, in: tx) else { throw .noChannel(id) }
            let outcome = try insert(names, wanted, to: channel, for: call, in: tx)
            guard !outcome.added.isEmpty else {
                if outcome.metFullChannel, !outcome.results.contains(.already) { throw .full(channel) }
                return outcome.results
            }
            let added = Int64(outcome.added.count)
            let position = channel.subscriptionHead + 1
            let counted = try ChannelTable.count(added, position: position, of: channel, of: application.id, in: tx)
            announcer.subscribed(outcome.added, to: counted, of: application.id, in: tx)
            try webhooks.tell(.afterAddSubscriber, for: call, about: id, in: tx) {
                WebhookBody.afterAddSubscriber(
                    channel: id,
                    operator: call.caller,
                    subscribers: outcome.added,
                    at: call.time.milliseconds
                )
            }
            if channel.subscribers < channel.maxSubscribers, channel.subscribers + added >= channel.maxSubscribers {
                try webhooks.tell(.afterFull, for: call, about: id, in: tx) {
                    WebhookBody.afterFull(channel: id, at: call.time.milliseconds)
                }
            }
            try Audit.record("add_subscriber", of: target(id, outcome.added), by: call, in: tx)
            return outcome.results
        }
        return results
    }

    /// Unsubscribes users.
    ///
    /// - Returns: what became of each, in the order given.
    /// - Throws: 130004 when there is no such channel.
    package func remove(
        _ names: [String],
        from id: ChannelID,
        for call: Call
    ) async throws(ChatError) -> [Unsubscribing] {
        let application = call.application
        try application.demandChannelService(at: call.time)
        let results: [Unsubscribing] = try await database.write(for: call) { tx throws(ChatError) in
            guard let channel = try ChannelTable.lock(id, of: application.id, in: tx) else { throw .noChannel(id) }
            var results: [Unsubscribing] = []
            var removed: [UserID] = []
            for name in names {
                if let user = UserID(rawValue: name),
                    try SubscriptionTable.delete(user, from: channel, of: application.id, in: tx)
                {
                    removed.append(user)
                    results.append(.unsubscribed)
                } else {
                    results.append(.notSubscribed)
                }
            }
            guard !removed.isEmpty else { return results }
            try ChannelTable.count(
                -Int64(removed.count),
                position: channel.subscriptionHead,
                of: channel,
                of: application.id,
                in: tx
            )
            announcer.changed(removed, .unsubscribed, in: channel, of: application.id, tx)
            try webhooks.tell(.afterDeleteSubscriber, for: call, about: id, in: tx) {
                WebhookBody.afterDeleteSubscriber(
                    channel: id,
                    operator: call.caller,
                    subscribers: removed,
                    at: call.time.milliseconds
                )
            }
            try Audit.record("delete_subscriber", of: target(id, removed), by: call, in: tx)
            return results
        }
        return results
    }

    /// A page of a channel's subscribers, in the order in which they came.
    ///
    /// - Parameter cursor: what the page before ended with; nil for the first page.
    /// - Throws: 6017 when the cursor is of another channel or of an earlier one of this ID, 130004 when there is no
    ///   such channel.
    package func page(
        of id: ChannelID,
        after cursor: SubscriberCursor?,
        limit: Int,
        of application: Application,
        at now: Timestamp
    ) async throws(ChatError) -> SubscriberPage {
        try application.demandChannelService(at: now)
        return try await database.read { tx throws(ChatError) in
            guard let channel = try ChannelTable.find(id, of: application.id, in: tx) else { throw .noChannel(id) }
            guard cursor.map({ $0.incarnation == channel.incarnation }) ?? true else {
                throw ChatError(.parameterInvalid, "Next is not of this channel; begin again with an empty one.")
            }
            // One more than asked for tells whether there is another page.
            let found = try SubscriptionTable.page(
                of: channel,
                of: application.id,
                after: cursor,
                limit: limit + 1,
                in: tx
            )
            let page = found.prefix(limit)
            let last = found.count > limit ? page.last : nil
            return SubscriberPage(
                subscriptions: page.map(\.subscription),
                next: last.map { last in
                    SubscriberCursor(
                        incarnation: channel.incarnation,
                        position: last.position,
                        user: last.subscription.user
                    )
                },
                total: channel.subscribers
            )
        }
    }

    /// Notes something about a subscription.
    ///
    /// - Throws: 130004 when there is no such channel, 131003 when the user does not subscribe to it.
    package func setCustomString(
        _ text: String,
        of name: String,
        in id: ChannelID,
        for call: Call
    ) async throws(ChatError) {
        let application = call.application
        try application.demandChannelService(at: call.time)
        _ = try await database.write(for: call) { tx throws(ChatError) in
            guard let channel = try ChannelTable.find(id, of: application.id, in: tx) else { throw .noChannel(id) }
            guard let user = UserID(rawValue: name),
                try SubscriptionTable.setCustomString(text, of: user, in: channel, of: application.id, in: tx)
            else {
                throw ChatError(.notSubscribed, "The user does not subscribe to \(id); add the subscription first.")
            }
            try Audit.record("modify_subscriber_info", of: target(id, [user]), by: call, in: tx)
            return Done()
        }
    }

    /// The channels that a user subscribes to, newest subscription first.
    ///
    /// - Throws: 70107 when the account is not imported.
    package func channels(
        of name: String,
        offset: Int64,
        limit: Int64,
        of application: Application,
        at now: Timestamp
    ) async throws(ChatError) -> SubscribedChannels {
        try application.demandChannelService(at: now)
        return try await database.read { tx throws(ChatError) in
            guard let user = UserID(rawValue: name), try AccountTable.exists(user, of: application.id, in: tx) else {
                throw ChatError(.accountNotImported, "Subscriber_Account names no imported account; import it first.")
            }
            let found = try SubscriptionTable.channels(
                of: user,
                of: application.id,
                offset: offset,
                limit: limit,
                in: tx
            )
            var items: [(channel: OfficialChannel, subscription: Subscription)] = []
            for (id, subscription) in found {
                guard let channel = try ChannelTable.find(id, of: application.id, in: tx) else { continue }
                items.append((channel, subscription))
            }
            let total = try SubscriptionTable.count(of: user, of: application.id, in: tx)
            return SubscribedChannels(items: items, total: total)
        }
    }

    private struct Insertion {
        var results: [Subscribing] = []
        var added: [UserID] = []
        /// Whether somebody was refused for want of room alone.
        var metFullChannel = false
    }

    private func insert(
        _ names: [String],
        _ wanted: Set<UserID>?,
        to channel: OfficialChannel,
        for call: Call,
        in tx: any Transaction
    ) throws(ChatError) -> Insertion {
        let application = call.application.id
        var room = channel.maxSubscribers - channel.subscribers
        func subscribe(_ users: [UserID]) throws(ChatError) -> Set<UserID> {
            let position = channel.subscriptionHead + 1
            let added = try SubscriptionTable.insert(
                users,
                to: channel,
                of: application,
                position: position,
                at: call.time,
                in: tx
            )
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

    /// Asks the backend about those who would be added, unless there are none, or the call only repeats an earlier one.
    ///
    /// - Returns: those who may be added; nil when anybody may.
    private func askBeforeAdding(
        _ names: [String],
        to id: ChannelID,
        for call: Call
    ) async throws(ChatError) -> Set<UserID>? {
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
        guard !candidates.isEmpty else { return [] }
        let verdict = try await webhooks.ask(.beforeAddSubscriber, for: call, about: id.rawValue) {
            WebhookBody.beforeAddSubscriber(
                channel: id,
                operator: call.caller,
                subscribers: candidates,
                at: call.time.milliseconds
            )
        }
        try verdict.demandConsent(else: .refusedByWebhook)
        return Set(candidates).subtracting(verdict.refusedSubscribers)
    }

    private func target(_ id: ChannelID, _ users: [UserID]) -> String {
        "\(id): \(users.map(\.rawValue).joined(separator: ","))"
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

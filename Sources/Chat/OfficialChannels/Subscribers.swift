package import ChatProtocol
import Database
import EventBus

/// The subscribers of channels: added, removed, listed, described; and what users do themselves.
///
/// Every operation of the API asks first whether the application has the channel service (131000); what is for operators
/// alone does not, for they see to a channel that is switched off.
///
/// Source: spec/official-channels.md B.4, B.5, B.7 to B.9.
package struct Subscribers: Sendable {
    let database: any Database
    let webhooks: Webhooks
    let announcer: ChannelAnnouncer

    init(database: any Database, webhooks: Webhooks, announcer: ChannelAnnouncer) {
        (self.database, self.webhooks, self.announcer) = (database, webhooks, announcer)
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
            try remove(names, from: id, for: call, as: "delete_subscriber", in: tx)
        }
        return results
    }

    /// - Parameter action: what the audit calls it.
    func remove(
        _ names: [String],
        from id: ChannelID,
        for call: Call,
        as action: String,
        in tx: any Transaction
    ) throws(ChatError) -> [Unsubscribing] {
        let application = call.application.id
        guard let channel = try ChannelTable.lock(id, of: application, in: tx) else { throw .noChannel(id) }
        var results: [Unsubscribing] = []
        var removed: [UserID] = []
        for name in names {
            if let user = UserID(rawValue: name),
                try SubscriptionTable.delete(user, from: channel, of: application, in: tx)
            {
                removed.append(user)
                results.append(.unsubscribed)
            } else {
                results.append(.notSubscribed)
            }
        }
        guard !removed.isEmpty else { return results }
        let counted = try ChannelTable.count(-Int64(removed.count), of: channel, of: application, in: tx)
        announcer.changed(removed, .unsubscribed, in: counted, of: application, tx)
        try webhooks.tell(.afterDeleteSubscriber, for: call, about: id, in: tx) {
            WebhookBody.afterDeleteSubscriber(
                channel: id,
                operator: call.caller,
                subscribers: removed,
                at: call.time.milliseconds
            )
        }
        try Audit.record(action, of: target(id, removed), by: call, in: tx)
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

    /// A user's subscription to a channel; nil when he has none.
    ///
    /// - Throws: 130004 when there is no such channel.
    package func find(
        _ user: UserID,
        in id: ChannelID,
        of application: Application,
        at now: Timestamp
    ) async throws(ChatError) -> Subscription? {
        try application.demandChannelService(at: now)
        return try await database.read { tx throws(ChatError) in
            guard let channel = try ChannelTable.find(id, of: application.id, in: tx) else { throw .noChannel(id) }
            return try SubscriptionTable.find(user, in: channel, of: application.id, in: tx)
        }
    }

    /// Puts in the audit that somebody took all subscribers of a channel away as a file.
    package func recordExport(
        of id: ChannelID,
        of application: SDKAppID,
        by operation: Operation
    ) async throws(ChatError) {
        let entry = AuditEntry(
            time: operation.time,
            requestID: operation.id,
            caller: operation.performer,
            address: operation.address,
            action: "export subscribers",
            target: id.rawValue
        )
        try await database.write(of: .unordered) { tx throws(ChatError) in
            try Audit.record(entry, of: application, in: tx)
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
            else { throw .notSubscribed(id) }
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
            let items = try channels(of: user, of: application.id, offset: offset, limit: limit, in: tx)
            let total = try SubscriptionTable.count(of: user, of: application.id, in: tx)
            return SubscribedChannels(items: items, total: total)
        }
    }

    /// The channels that a user subscribes to, newest subscription first.
    func channels(
        of user: UserID,
        of application: SDKAppID,
        offset: Int64,
        limit: Int64,
        in tx: any Transaction
    ) throws(ChatError) -> [(channel: OfficialChannel, subscription: Subscription)] {
        var channels: [(channel: OfficialChannel, subscription: Subscription)] = []
        for (id, subscription) in try SubscriptionTable.channels(
            of: user,
            of: application,
            offset: offset,
            limit: limit,
            in: tx
        ) {
            guard let channel = try ChannelTable.find(id, of: application, in: tx) else { continue }
            channels.append((channel, subscription))
        }
        return channels
    }

    /// What the audit says that something was done to.
    func target(_ id: ChannelID, _ users: [UserID]) -> String {
        "\(id): \(users.map(\.rawValue).joined(separator: ","))"
    }
}

extension ChatError {
    static func notSubscribed(_ id: ChannelID) -> ChatError {
        ChatError(.notSubscribed, "The user does not subscribe to \(id); add the subscription first.")
    }
}

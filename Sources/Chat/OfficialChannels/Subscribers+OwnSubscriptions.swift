package import ChatProtocol
import Database
import EventBus

/// What a user does about his own subscriptions; the call's caller is the user.
///
/// Source: docs/subscriber-protocol.md.
extension Subscribers {
    /// Subscribes the caller, by the same rule as ``add(_:to:for:)``.
    ///
    /// - Returns: the channel item, as the subscription begins.
    /// - Throws: 10016 or its own code when the "before" webhook refuses, 70107 when the account is gone, 80003 when
    ///   that webhook does not answer and must, 130004 when there is no such channel, 130005 when he subscribes
    ///   already, 130006 when the channel is full.
    package func subscribe(to id: ChannelID, for call: Call) async throws(ChatError) -> JSONObject {
        try call.application.demandChannelService(at: call.time)
        let (user, name) = (call.caller, call.caller.rawValue)
        let consent = try await askBeforeAdding([name], to: id, for: call)
        return try await database.write(of: .application(call.application.id)) { tx throws(ChatError) in
            let added = try add([name], consent, to: id, for: call, as: "subscribeOfficialAccount", in: tx)
            if added.results == [.subscribed] { return JSONObject(announcer.item(added.channel, in: tx).members) }
            if let consent, consent.refused.contains(user), added.results == [.refused] {
                throw ChatError(.refusedByWebhook, "The application's backend refused the user through its webhook.")
            }
            guard try AccountTable.exists(user, of: call.application.id, in: tx) else { throw .noAccount(user) }
            // Or he did when the backend was to be asked, and unsubscribed meanwhile.
            throw ChatError(.alreadySubscribed, "The user subscribes to \(id) already.")
        }
    }

    /// Unsubscribes the caller.
    ///
    /// - Throws: 130004 when there is no such channel, 131003 when he does not subscribe to it.
    package func unsubscribe(from id: ChannelID, for call: Call) async throws(ChatError) {
        try call.application.demandChannelService(at: call.time)
        try await database.write(of: .application(call.application.id)) { tx throws(ChatError) in
            let name = call.caller.rawValue
            let results = try remove([name], from: id, for: call, as: "unsubscribeOfficialAccount", in: tx)
            guard results == [.unsubscribed] else { throw .notSubscribed(id) }
        }
    }

    /// Sets how the caller wants to receive a channel's messages; setting it to what it is changes nothing.
    ///
    /// - Throws: 130004 when there is no such channel, 131003 when he does not subscribe to it.
    package func setMessageFlag(_ flag: MessageFlag, in id: ChannelID, for call: Call) async throws(ChatError) {
        let (user, application) = (call.caller, call.application)
        try application.demandChannelService(at: call.time)
        try await database.write(of: .application(call.application.id)) { tx throws(ChatError) in
            guard let channel = try ChannelTable.lock(id, of: application.id, in: tx) else { throw .noChannel(id) }
            guard try SubscriptionTable.setMessageFlag(flag, of: user, in: channel, of: application.id, in: tx) else {
                return try demandSubscription(of: user, to: channel, of: application.id, in: tx)
            }
            let counted = try ChannelTable.count(0, of: channel, of: application.id, in: tx)
            announcer.changed([user], .discarding(flag == .discard), in: counted, of: application.id, tx)
            try Audit.record("setReceiveMessageOpt", of: target(id, [user]), by: call, in: tx)
        }
    }

    /// Takes everything up to a post as read by the caller; the position never goes back, and never beyond the head.
    ///
    /// Reading changes nothing that others rely on, so it is not audited.
    ///
    /// - Throws: 130004 when there is no such channel, 131003 when he does not subscribe to it.
    package func markRead(upTo seq: Int64, in id: ChannelID, for call: Call) async throws(ChatError) {
        let (user, application) = (call.caller, call.application)
        try application.demandChannelService(at: call.time)
        try await database.write(of: .application(call.application.id)) { tx throws(ChatError) in
            guard let channel = try ChannelTable.find(id, of: application.id, in: tx) else { throw .noChannel(id) }
            let position = min(seq, channel.headSeq)
            let isMoved = try SubscriptionTable.markRead(position, of: user, in: channel, of: application.id, in: tx)
            if !isMoved { try demandSubscription(of: user, to: channel, of: application.id, in: tx) }
        }
    }

    /// How many stored posts came after the caller's read position, without those that were recalled; constant time
    /// but for the recalls.
    ///
    /// - Throws: 130004 when there is no such channel, 131003 when he does not subscribe to it.
    package func unread(in id: ChannelID, for call: Call) async throws(ChatError) -> Int64 {
        let (user, application) = (call.caller, call.application)
        try application.demandChannelService(at: call.time)
        return try await database.read { tx throws(ChatError) in
            guard let channel = try ChannelTable.find(id, of: application.id, in: tx) else { throw .noChannel(id) }
            guard let standing = try SubscriptionTable.standing(of: user, in: channel, of: application.id, in: tx)
            else { throw .notSubscribed(id) }
            return try BroadcastTable.unread(after: standing.readSeq, in: channel, of: application.id, tx)
        }
    }

    private func demandSubscription(
        of user: UserID,
        to channel: OfficialChannel,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) {
        guard try SubscriptionTable.exists(user, in: channel, of: application, in: tx) else {
            throw .notSubscribed(channel.id)
        }
    }
}

package import ChatProtocol
import Database

/// Official channels: made, shown, changed, destroyed.
///
/// Every operation of the API asks first whether the application has the channel service (131000); what is for operators
/// alone does not, for they see to a channel that is switched off.
///
/// Source: spec/official-channels.md.
package struct OfficialChannels: Sendable {
    let database: any Database
    let webhooks: Webhooks
    let announcer: ChannelAnnouncer
    private let random: any RandomSource

    init(database: any Database, webhooks: Webhooks, announcer: ChannelAnnouncer, random: any RandomSource) {
        (self.database, self.webhooks, self.announcer, self.random) = (database, webhooks, announcer, random)
    }

    /// Makes a channel.
    ///
    /// Its owner is not subscribed to it.
    ///
    /// - Returns: the ID given, or the one that the server made.
    /// - Throws: 6017 when `MaxSubscriberNum` is over the limit, 20006 or its own code when the "before" webhook
    ///   refuses, 70107 when the owner is not imported, 80003 when that webhook does not answer and must, 130007 when
    ///   the ID has the form of the server's own, 130008 when it is taken, 130010 when the plan has no room.
    package func create(_ new: NewChannel, for call: Call) async throws(ChatError) -> ChannelID {
        let application = call.application
        try application.demandChannelService(at: call.time)
        try demandAllowed(new.maxSubscribers, for: application)
        if let id = new.id, id.isGenerated {
            throw ChatError(
                .channelIDInvalid,
                "OfficialAccountUserID must not begin with \(ChannelID.generatedPrefix); the server makes those."
            )
        }
        try await askBeforeCreating(new, for: call)
        let created = try await database.write(for: call) { tx throws(ChatError) in
            let owner = try demandPossible(new, for: call, in: tx)
            let id = try insert(new, owner: owner, for: call, in: tx)
            let limit = application.limits[.channels]
            guard try Usage.takeChannel(of: application.id, limit: limit, in: tx) else {
                throw ChatError(
                    .channelQuotaExceeded,
                    "The application has all \(limit) channels that its plan allows; destroy some or change the plan."
                )
            }
            try webhooks.tell(.afterCreate, for: call, about: id, in: tx) {
                WebhookBody.afterCreate(
                    channel: id,
                    operator: call.caller,
                    owner: owner,
                    name: new.profile.name,
                    at: call.time.milliseconds
                )
            }
            try Audit.record("create_official_account", of: id.rawValue, by: call, in: tx)
            return CreatedChannel(id: id.rawValue)
        }
        guard let id = ChannelID(rawValue: created.id) else {
            throw .internalFault(DatabaseError(.corrupt, "an idempotency key's result is no channel ID"))
        }
        return id
    }

    /// Destroys a channel with its broadcasts and subscriptions; its ID may be used again for another.
    ///
    /// - Throws: 130004 when there is none.
    package func destroy(_ id: ChannelID, for call: Call) async throws(ChatError) {
        let application = call.application
        try application.demandChannelService(at: call.time)
        _ = try await database.write(for: call) { tx throws(ChatError) in
            guard let channel = try ChannelTable.lock(id, of: application.id, in: tx) else { throw .noChannel(id) }
            try ChannelTable.delete(channel, of: application.id, in: tx)
            announcer.destroyed(channel, of: application.id, in: tx)
            try Usage.release(channels: 1, of: application.id, in: tx)
            try webhooks.tell(.afterDestroyed, for: call, about: id, in: tx) {
                WebhookBody.afterDestroyed(
                    channel: id,
                    owner: channel.owner,
                    name: channel.profile.name,
                    at: call.time.milliseconds
                )
            }
            try Audit.record("destroy_official_account", of: id.rawValue, by: call, in: tx)
            return Done()
        }
    }

    /// The channels asked for, each in its place; nil where there is none.
    package func find(
        _ ids: [ChannelID],
        of application: Application,
        at now: Timestamp
    ) async throws(ChatError) -> [OfficialChannel?] {
        try application.demandChannelService(at: now)
        return try await database.read { tx throws(ChatError) in
            var channels: [OfficialChannel?] = []
            for id in ids { channels.append(try ChannelTable.find(id, of: application.id, in: tx)) }
            return channels
        }
    }

    /// Channels in the order of their IDs.
    ///
    /// - Parameter last: the last ID of the page before; empty for the first page.
    package func page(
        of application: SDKAppID,
        after last: String,
        limit: Int
    ) async throws(ChatError) -> [OfficialChannel] {
        try await database.read { tx throws(ChatError) in
            try ChannelTable.page(of: application, after: last, limit: limit, in: tx)
        }
    }

    /// What a retry under the same idempotency key is told again.
    private struct CreatedChannel: Codable {
        let id: String
    }

    /// Asks the backend, unless the transaction would refuse or only repeat an earlier answer.
    private func askBeforeCreating(_ new: NewChannel, for call: Call) async throws(ChatError) {
        guard call.application.webhooks.wants(.beforeCreate) else { return }
        let owner: UserID? = try await database.read { tx throws(ChatError) in
            guard try !call.isAnswered(in: tx) else { return nil }
            return try demandPossible(new, for: call, in: tx)
        }
        guard let owner else { return }
        let verdict = try await webhooks.ask(.beforeCreate, for: call, about: new.id?.rawValue ?? "") {
            WebhookBody.beforeCreate(
                operator: call.caller,
                owner: owner,
                name: new.profile.name,
                at: call.time.milliseconds
            )
        }
        try verdict.demandConsent(else: .creationRefused)
    }

    /// - Returns: the owner.
    /// - Throws: 130008 when the ID is taken, then 70107 when the owner is not imported.
    private func demandPossible(_ new: NewChannel, for call: Call, in tx: any Transaction) throws(ChatError) -> UserID {
        if let id = new.id, try ChannelTable.find(id, of: call.application.id, in: tx) != nil { throw .taken(id) }
        guard let owner = UserID(rawValue: new.owner), try AccountTable.exists(owner, of: call.application.id, in: tx)
        else {
            throw ChatError(.accountNotImported, "Owner_Account names no imported account; import it first.")
        }
        return owner
    }

    private func insert(
        _ new: NewChannel,
        owner: UserID,
        for call: Call,
        in tx: any Transaction
    ) throws(ChatError) -> ChannelID {
        let incarnation = random.number()
        // A generated ID has 70 random bits; that it is taken once is a wonder, three times a broken generator.
        for _ in 0..<3 {
            guard let id = new.id ?? ChannelID.generated(from: random.bytes(12)) else { break }
            let channel = OfficialChannel(
                id: id,
                owner: owner,
                profile: new.profile,
                maxSubscribers: new.maxSubscribers ?? call.application.limits[.defaultMaxSubscribers],
                subscribers: 0,
                lastMessageSeconds: 0,
                createdAt: call.time,
                incarnation: incarnation,
                headSeq: 0,
                eventSeq: 0,
                storedBroadcasts: 0,
                subscriptionHead: 0,
                profileEventSeq: 0
            )
            if try ChannelTable.insert(channel, of: call.application.id, in: tx) { return id }
            if new.id != nil { throw .taken(id) }
        }
        throw .internalFault(DatabaseError(.unavailable, "no free channel ID could be generated"))
    }

    func demandAllowed(_ maxSubscribers: Int64?, for application: Application) throws(ChatError) {
        guard let maxSubscribers, maxSubscribers > application.limits[.largestMaxSubscribers] else { return }
        throw ChatError(
            .parameterInvalid,
            "MaxSubscriberNum is \(maxSubscribers); the largest allowed is \(application.limits[.largestMaxSubscribers])."
        )
    }
}

extension ChatError {
    /// What every operation on a channel that does not exist answers, but for recall and history.
    static func noChannel(_ id: ChannelID) -> ChatError {
        ChatError(.channelNotFound, "There is no official channel \(id).")
    }

    fileprivate static func taken(_ id: ChannelID) -> ChatError {
        ChatError(.channelIDTaken, "The channel ID \(id) is in use; choose another.")
    }
}

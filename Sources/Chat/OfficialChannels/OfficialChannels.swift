package import ChatProtocol
package import Database

/// Official channels: made, shown, changed, destroyed.
///
/// Every operation asks first whether the application has the channel service (131000).
///
/// Source: spec/official-channels.md.
package struct OfficialChannels: Sendable {
    private let database: any Database
    private let random: any RandomSource

    package init(database: any Database, random: any RandomSource) {
        (self.database, self.random) = (database, random)
    }

    /// Makes a channel.
    ///
    /// Its owner is not subscribed to it.
    ///
    /// - Returns: the ID given, or the one that the server made.
    /// - Throws: 6017 when `MaxSubscriberNum` is over the limit, 70107 when the owner is not imported, 130007 when the
    ///   ID has the form of the server's own, 130008 when it is taken, 130010 when the plan has no room.
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
        let created = try await database.write(for: call) { tx throws(ChatError) in
            guard let owner = UserID(rawValue: new.owner), try AccountTable.exists(owner, of: application.id, in: tx)
            else {
                throw ChatError(.accountNotImported, "Owner_Account names no imported account; import it first.")
            }
            let id = try insert(new, owner: owner, for: call, in: tx)
            let limit = application.limits[.channels]
            guard try Usage.takeChannel(of: application.id, limit: limit, in: tx) else {
                throw ChatError(
                    .channelQuotaExceeded,
                    "The application has all \(limit) channels that its plan allows; destroy some or change the plan."
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

    /// Destroys a channel; its ID may be used again for another.
    ///
    /// - Throws: 130004 when there is none.
    package func destroy(_ id: ChannelID, for call: Call) async throws(ChatError) {
        try call.application.demandChannelService(at: call.time)
        _ = try await database.write(for: call) { tx throws(ChatError) in
            guard try ChannelTable.delete(id, of: call.application.id, in: tx) else { throw notFound(id) }
            try Usage.release(channels: 1, of: call.application.id, in: tx)
            try Audit.record("destroy_official_account", of: id.rawValue, by: call, in: tx)
            return Done()
        }
    }

    /// Changes what is given and leaves the rest.
    ///
    /// An empty change does nothing.
    /// `MaxSubscriberNum` may be lowered below the number of subscribers: nobody is removed and nobody added.
    ///
    /// - Throws: 130004 when there is no such channel, 6017 when `MaxSubscriberNum` is over the limit.
    package func modify(_ id: ChannelID, _ change: ChannelChange, for call: Call) async throws(ChatError) {
        let application = call.application
        try application.demandChannelService(at: call.time)
        try demandAllowed(change.maxSubscribers, for: application)
        _ = try await database.write(for: call) { tx throws(ChatError) in
            guard try ChannelTable.update(id, change, of: application.id, in: tx) else { throw notFound(id) }
            guard !change.isEmpty else { return Done() }
            try Audit.record("modify_official_account_base_info", of: id.rawValue, by: call, in: tx)
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

    private func insert(
        _ new: NewChannel,
        owner: UserID,
        for call: Call,
        in tx: any Transaction
    ) throws(ChatError) -> ChannelID {
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
                createdAt: call.time
            )
            if try ChannelTable.insert(channel, of: call.application.id, in: tx) { return id }
            if new.id != nil {
                throw ChatError(.channelIDTaken, "The channel ID \(id) is in use; choose another.")
            }
        }
        throw .internalFault(DatabaseError(.unavailable, "no free channel ID could be generated"))
    }

    private func demandAllowed(_ maxSubscribers: Int64?, for application: Application) throws(ChatError) {
        guard let maxSubscribers, maxSubscribers > application.limits[.largestMaxSubscribers] else { return }
        throw ChatError(
            .parameterInvalid,
            "MaxSubscriberNum is \(maxSubscribers); the largest allowed is \(application.limits[.largestMaxSubscribers])."
        )
    }
}

/// What every operation on a channel that does not exist answers.
private func notFound(_ id: ChannelID) -> ChatError {
    ChatError(.channelNotFound, "There is no official channel \(id).")
}

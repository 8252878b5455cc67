package import ChatProtocol
import Database

extension OfficialChannels {
    /// Changes what is given and leaves the rest.
    ///
    /// An empty change does nothing.
    /// `MaxSubscriberNum` may be lowered below the number of subscribers: nobody is removed and nobody added.
    ///
    /// - Throws: 130004 when there is no such channel, 6017 when `MaxSubscriberNum` is over the limit.
    package func modify(_ id: ChannelID, _ change: ChannelChange, for call: Call) async throws(ChatError) {
        try call.application.demandChannelService(at: call.time)
        try demandAllowed(change.maxSubscribers, for: call.application)
        _ = try await database.write(for: call) { tx throws(ChatError) in
            try apply(change, to: id, for: call, in: tx)
            return Done()
        }
    }

    /// Changes what `change` makes of the channel as it is; nobody else changes it meanwhile.
    ///
    /// - Parameter change: what it throws leaves the channel as it is.
    /// - Throws: as ``modify(_:_:for:)``, and what `change` throws.
    package func modify(
        _ id: ChannelID,
        for call: Call,
        _ change: @escaping @Sendable (OfficialChannel) throws(ChatError) -> ChannelChange
    ) async throws(ChatError) {
        let application = call.application
        try application.demandChannelService(at: call.time)
        _ = try await database.write(for: call) { tx throws(ChatError) in
            guard let channel = try ChannelTable.lock(id, of: application.id, in: tx) else { throw .noChannel(id) }
            let change = try change(channel)
            try demandAllowed(change.maxSubscribers, for: application)
            try apply(change, to: id, for: call, in: tx)
            return Done()
        }
    }

    private func apply(
        _ change: ChannelChange,
        to id: ChannelID,
        for call: Call,
        in tx: any Transaction
    ) throws(ChatError) {
        let application = call.application.id
        guard !change.isEmpty else {
            guard try ChannelTable.find(id, of: application, in: tx) != nil else { throw .noChannel(id) }
            return
        }
        guard let channel = try ChannelTable.update(id, change, of: application, in: tx) else { throw .noChannel(id) }
        announcer.modified(channel, of: application, in: tx)
        try webhooks.tell(.afterInfoChanged, for: call, about: id, in: tx) {
            WebhookBody.afterInfoChanged(
                channel: id,
                operator: call.caller,
                introduction: change.introduction,
                name: change.name,
                faceURL: change.faceURL,
                organization: change.organization,
                at: call.time.milliseconds
            )
        }
        try Audit.record("modify_official_account_base_info", of: id.rawValue, by: call, in: tx)
    }
}

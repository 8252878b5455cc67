package import ChatProtocol
import Database

/// Channels as the caller, a user, is shown them: with where they stand, and his own subscription.
///
/// Source: docs/subscriber-protocol.md.
extension Subscribers {
    /// Channels, each in its place; of one to which the caller subscribes also `SelfInfo`.
    package func items(_ ids: [ChannelID], for call: Call) async throws(ChatError) -> [JSONObject] {
        let application = call.application
        try application.demandChannelService(at: call.time)
        return try await database.read { tx throws(ChatError) in
            var items: [JSONObject] = []
            for id in ids {
                guard let channel = try ChannelTable.find(id, of: application.id, in: tx) else {
                    items.append(OfficialChannel.missingItem(id))
                    continue
                }
                let own = try SubscriptionTable.find(call.caller, in: channel, of: application.id, in: tx)
                items.append(item(channel, own, in: tx))
            }
            return items
        }
    }

    /// A part of the channels to which the caller subscribes, the newest subscription first, and how many there are.
    package func ownItems(
        offset: Int64 = 0,
        limit: Int64,
        for call: Call
    ) async throws(ChatError) -> (items: [JSONObject], total: Int64) {
        let application = call.application.id
        try call.application.demandChannelService(at: call.time)
        return try await database.read { tx throws(ChatError) in
            let found = try channels(of: call.caller, of: application, offset: offset, limit: limit, in: tx)
            let total = try SubscriptionTable.count(of: call.caller, of: application, in: tx)
            return (found.map { item($0, $1, in: tx) }, total)
        }
    }

    private func item(_ channel: OfficialChannel, _ own: Subscription?, in tx: any Transaction) -> JSONObject {
        var members = announcer.item(channel, in: tx).members
        if let own {
            let info: JSONObject = [
                "SubscribeTime": .integer(own.subscribedAt.seconds),
                "CustomString": .string(own.customString),
                "MsgFlag": .string(own.messageFlag.rawValue),
            ]
            members.append(.init(name: "SelfInfo", value: .object(info)))
        }
        return JSONObject(members)
    }
}

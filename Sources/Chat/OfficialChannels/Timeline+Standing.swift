package import ChatProtocol
import Database
package import EventBus

extension Timeline {
    /// What the storage says of a user who is connected.
    package struct Standing: Sendable {
        /// The last second whose UserSigs are void; nil when none are.
        package let signaturesVoidUntil: Int64?
        /// Every channel that he subscribes to, and where it stands.
        package let followed: [Followed]
    }

    /// What the storage says of users who are connected, for whoever may have missed a change; those whose accounts are
    /// gone are left out.
    ///
    /// - Parameter users: a query's worth.
    package func standings(
        of users: [UserID],
        in application: SDKAppID
    ) async throws(ChatError) -> [UserID: Standing] {
        guard !users.isEmpty else { return [:] }
        return try await database.read { tx throws(ChatError) in
            var standings: [UserID: Standing] = [:]
            let followed = try SubscriptionTable.followed(by: users, of: application, in: tx)
            for (user, voidUntil) in try AccountTable.signaturesVoidUntil(users, of: application, in: tx) {
                standings[user] = Standing(
                    signaturesVoidUntil: voidUntil < 0 ? nil : voidUntil,
                    followed: followed[user] ?? []
                )
            }
            return standings
        }
    }

    /// A user's subscription as it would have been told when it was made; nil when there is none.
    package func subscription(
        of user: UserID,
        to reference: ChannelReference
    ) async throws(ChatError) -> SubscriptionEvent? {
        try await database.read { tx throws(ChatError) in
            let application = reference.application
            guard let channel = try ChannelTable.find(reference.channel, of: application, in: tx),
                channel.incarnation == reference.incarnation,
                let standing = try SubscriptionTable.standing(of: user, in: channel, of: application, in: tx)
            else { return nil }
            // From the last post that was there before him on; of what lies between he is told once more.
            let joined = ChannelPosition(
                messageSeq: standing.joinedSeq,
                eventSeq: try BroadcastTable.eventSeq(of: standing.joinedSeq, in: channel, of: application, tx)
            )
            let item = ChannelItem(channel.item, generation.epoch(of: channel.incarnation), joined)
            return SubscriptionEvent(
                reference,
                [user],
                .subscribed(joined, parameters: JSONObject(item.members).json)
            )
        }
    }
}

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

    /// What became of a user's subscription to a channel.
    package enum OwnSubscription: Sendable {
        /// There is no such channel any more.
        case channelGone
        /// He does not subscribe, and that is so since this change of the channel's subscriptions or an earlier one.
        case notSubscribed(version: Int64)
        /// He subscribes; with the position from which on he does, and what he would have been told then.
        case subscribed(Followed, parameters: [UInt8])
    }

    /// A user, and a channel that he may subscribe to.
    package struct UserAndChannel: Sendable, Hashable {
        package let user: UserID
        package let reference: ChannelReference

        package init(user: UserID, reference: ChannelReference) {
            (self.user, self.reference) = (user, reference)
        }
    }

    /// Users' subscriptions to channels, in the order in which they are asked for.
    ///
    /// - Parameter wanted: a transaction's worth.
    package func ownSubscriptions(
        _ wanted: [UserAndChannel]
    ) async throws(ChatError) -> [OwnSubscription] {
        try await database.read { tx throws(ChatError) in
            var channels: [ChannelReference: OfficialChannel?] = [:]
            var found: [OwnSubscription] = []
            for pair in wanted {
                let reference = pair.reference
                let channel =
                    if let known = channels[reference] { known } else {
                        try ChannelTable.find(reference.channel, of: reference.application, in: tx)
                    }
                channels.updateValue(channel, forKey: reference)
                guard let channel, channel.incarnation == reference.incarnation else {
                    found.append(.channelGone)
                    continue
                }
                found.append(try ownSubscription(of: pair.user, to: reference, channel, in: tx))
            }
            return found
        }
    }

    private func ownSubscription(
        of user: UserID,
        to reference: ChannelReference,
        _ channel: OfficialChannel,
        in tx: any Transaction
    ) throws(ChatError) -> OwnSubscription {
        let application = reference.application
        guard let standing = try SubscriptionTable.standing(of: user, in: channel, of: application, in: tx)
        else { return .notSubscribed(version: channel.subscriptionHead) }
        // From the last post that was there before him on; of what lies between he is told once more.
        let joined = ChannelPosition(
            messageSeq: standing.joinedSeq,
            eventSeq: try BroadcastTable.eventSeq(of: standing.joinedSeq, in: channel, of: application, tx)
        )
        let followed = Followed(
            reference: reference,
            position: joined,
            discards: standing.flag == .discard,
            version: standing.version
        )
        let item = ChannelItem(channel.item, generation.epoch(of: channel.incarnation, in: tx), joined)
        return .subscribed(followed, parameters: JSONObject(item.members).json)
    }
}

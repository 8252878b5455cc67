package import ChatProtocol

/// What a channel shows of itself; every text is UTF-8 and its length is counted in bytes.
///
/// Source: spec/official-channels.md A.1.
package struct ChannelProfile: Sendable, Equatable {
    package var name: String
    package var introduction: String
    package var faceURL: String
    package var organization: String
    package var customString: String

    package init(
        name: String,
        introduction: String = "",
        faceURL: String = "",
        organization: String = "",
        customString: String = ""
    ) {
        (self.name, self.introduction, self.faceURL) = (name, introduction, faceURL)
        (self.organization, self.customString) = (organization, customString)
    }

    package static let longestName = 150
    package static let longestIntroduction = 400
    package static let longestFaceURL = 500
    package static let longestOrganization = 500
    package static let longestCustomString = 3000
}

/// A channel as it is stored.
///
/// Broadcasts and subscriptions belong to the channel's incarnation; they go when it is destroyed.
package struct OfficialChannel: Sendable, Equatable {
    package let id: ChannelID
    package let owner: UserID
    package let profile: ChannelProfile
    package let maxSubscribers: Int64
    package internal(set) var subscribers: Int64
    /// In seconds; 0 when nothing was sent yet.
    package let lastMessageSeconds: Int64
    package let createdAt: Timestamp
    /// A random number that no other channel has, not even an earlier one of the same ID.
    package let incarnation: Int64
    /// The number of the newest broadcast, 0 when there is none.
    package let headSeq: Int64
    /// How many things subscribers could see: broadcasts, recalls, changes of the profile.
    package let eventSeq: Int64
    /// How many broadcasts were stored.
    let storedBroadcasts: Int64
    /// How often its subscriptions have changed: the number of the newest change, which is also the place, in the order of
    /// subscribers, of those who came by it.
    var subscriptionHead: Int64
    /// The event that the newest change of the profile was; 0 when there was none.
    let profileEventSeq: Int64
}

/// A channel to be made.
package struct NewChannel: Sendable {
    /// Nil lets the server make one.
    package let id: ChannelID?
    /// As the caller wrote it; whether there is such an account is judged in the transaction.
    package let owner: String
    package let profile: ChannelProfile
    /// Nil takes `defaultMaxSubscribers`.
    package let maxSubscribers: Int64?

    package init(id: ChannelID?, owner: String, profile: ChannelProfile, maxSubscribers: Int64? = nil) {
        (self.id, self.owner, self.profile, self.maxSubscribers) = (id, owner, profile, maxSubscribers)
    }
}

/// What shall be different about a channel; nil leaves a thing as it is.
package struct ChannelChange: Sendable, Equatable {
    package var name: String?
    package var introduction: String?
    package var faceURL: String?
    package var organization: String?
    package var customString: String?
    package var maxSubscribers: Int64?

    package init() {}

    package var isEmpty: Bool { self == ChannelChange() }
}

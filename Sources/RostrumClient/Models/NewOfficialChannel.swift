import ChatProtocol

/// A channel to create (spec/official-channels.md B.1).
public struct NewOfficialChannel: Sendable, Hashable {
    /// `Owner_Account`: an account that is imported.
    public var owner: String
    /// `Name`: 1 to 150 bytes.
    public var name: String
    /// `OfficialAccountUserID`: `@TOA#_` and more, at most 48 bytes; the server makes one when it is nil.
    public var id: String?
    /// `Introduction`: at most 400 bytes.
    public var introduction: String?
    /// `FaceUrl`: the address of a picture, at most 500 bytes.
    public var faceURL: String?
    /// `MaxSubscriberNum`: how many may subscribe; the application's default when it is nil.
    public var maxSubscribers: Int64?
    /// `Organization`: at most 500 bytes.
    public var organization: String?
    /// `CustomString`: whatever the application keeps there, at most 3000 bytes.
    public var customString: String?

    /// Takes what is given; what is nil is left out.
    public init(
        owner: String,
        name: String,
        id: String? = nil,
        introduction: String? = nil,
        faceURL: String? = nil,
        maxSubscribers: Int64? = nil,
        organization: String? = nil,
        customString: String? = nil
    ) {
        (self.owner, self.name, self.id) = (owner, name, id)
        (self.introduction, self.faceURL, self.maxSubscribers) = (introduction, faceURL, maxSubscribers)
        (self.organization, self.customString) = (organization, customString)
    }

    var object: JSONObject {
        (["Owner_Account": .string(owner), "Name": .string(name)] as JSONObject)
            .adding("OfficialAccountUserID", id)
            .adding("Introduction", introduction)
            .adding("FaceUrl", faceURL)
            .adding("MaxSubscriberNum", maxSubscribers)
            .adding("Organization", organization)
            .adding("CustomString", customString)
    }

    /// Whether a channel has everything that this one was to have; its ID is not compared.
    func isProfile(of info: OfficialChannelInfo) -> Bool {
        // As JSON, whose strings are equal by their bytes.
        JSONValue.texts([owner, name, introduction ?? "", faceURL ?? "", organization ?? "", customString ?? ""])
            == .texts([info.owner, info.name, info.introduction, info.faceURL, info.organization, info.customString])
    }
}

/// What is to change in a channel's profile; nil leaves a part as it is (spec/official-channels.md B.3).
public struct OfficialChannelChange: Sendable, Hashable {
    /// `Name`: 1 to 150 bytes.
    public var name: String?
    /// `Introduction`: at most 400 bytes.
    public var introduction: String?
    /// `FaceUrl`: the address of a picture, at most 500 bytes.
    public var faceURL: String?
    /// `MaxSubscriberNum`: how many may subscribe; may be below the number who do, and nobody is removed.
    public var maxSubscribers: Int64?
    /// `Organization`: at most 500 bytes.
    public var organization: String?
    /// `CustomString`: whatever the application keeps there, at most 3000 bytes.
    public var customString: String?

    /// Takes what is given; what is nil stays.
    public init(
        name: String? = nil,
        introduction: String? = nil,
        faceURL: String? = nil,
        maxSubscribers: Int64? = nil,
        organization: String? = nil,
        customString: String? = nil
    ) {
        (self.name, self.introduction, self.faceURL) = (name, introduction, faceURL)
        (self.maxSubscribers, self.organization, self.customString) = (maxSubscribers, organization, customString)
    }

    func object(of channel: String) -> JSONObject {
        (["Official_Account": .string(channel)] as JSONObject)
            .adding("Name", name)
            .adding("Introduction", introduction)
            .adding("FaceUrl", faceURL)
            .adding("MaxSubscriberNum", maxSubscribers)
            .adding("Organization", organization)
            .adding("CustomString", customString)
    }
}

/// A page of the channels that a user subscribes to.
public struct SubscribedChannelPage: Sendable, Equatable {
    /// A channel and the user's side of it.
    public struct Item: Sendable, Hashable {
        /// The channel.
        public let info: OfficialChannelInfo
        /// `SelfInfo`.
        public let subscription: OwnSubscription

        /// As a server would tell it; for tests.
        public init(info: OfficialChannelInfo, subscription: OwnSubscription) {
            (self.info, self.subscription) = (info, subscription)
        }
    }

    /// `OfficialAccountInfoList`.
    public let items: [Item]
    /// `TotalCount`: how many channels the user subscribes to.
    public let totalCount: Int64
    /// `Next`: where the next page begins; nil when this one is the last.
    public let nextOffset: Int64?

    /// As a server would tell it; for tests.
    public init(items: [Item], totalCount: Int64, nextOffset: Int64? = nil) {
        (self.items, self.totalCount, self.nextOffset) = (items, totalCount, nextOffset)
    }
}

extension SubscribedChannelPage {
    init(_ reply: WireObject) throws(WireFault) {
        items = try reply.objects("OfficialAccountInfoList") { (item) throws(WireFault) in
            guard let own = try item.inner("SelfInfo") else { throw WireFault("SelfInfo", "is missing") }
            return Item(info: try OfficialChannelInfo(item), subscription: try OwnSubscription(own))
        }
        totalCount = try reply.count("TotalCount")
        nextOffset = try reply.integer("CompleteFlag") == 1 ? nil : try reply.count("Next")
    }
}

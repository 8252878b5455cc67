package import ChatProtocol

extension OfficialChannel {
    /// The channel in a list of profiles, with its own result: the documented item, every field of it.
    ///
    /// `MaxSubscriberNum` is not in it: the documented item does not have it.
    ///
    /// Source: spec/official-channels.md B.6.
    package var item: [JSONObject.Member] {
        Self.itemHead(id, .ok, "") + [
            .init(name: "CreateTime", value: .integer(createdAt.seconds)),
            .init(name: "Name", value: .string(profile.name)),
            .init(name: "Owner_Account", value: .user(owner)),
            .init(name: "LastMsgTime", value: .integer(lastMessageSeconds)),
            .init(name: "SubscriberNum", value: .integer(subscribers)),
            .init(name: "Introduction", value: .string(profile.introduction)),
            .init(name: "FaceUrl", value: .string(profile.faceURL)),
            .init(name: "Organization", value: .string(profile.organization)),
            .init(name: "CustomString", value: .string(profile.customString)),
        ]
    }

    /// What stands in the list for a channel that is not there.
    package static func missingItem(_ id: ChannelID) -> JSONObject {
        JSONObject(itemHead(id, .channelNotFound, "There is no official channel \(id)."))
    }

    private static func itemHead(_ id: ChannelID, _ code: ErrorCode, _ info: String) -> [JSONObject.Member] {
        [
            .init(name: "Official_Account", value: .channel(id)),
            .init(name: "ErrorCode", value: .integer(Int64(code.rawValue))),
            .init(name: "ErrorInfo", value: .string(info)),
        ]
    }
}

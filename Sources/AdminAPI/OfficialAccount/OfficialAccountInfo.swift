import Chat
import ChatProtocol

/// One channel in a list of profiles, with its own result (spec/official-channels.md B.6).
///
/// `MaxSubscriberNum` is not in it: the documented item does not have it.
struct OfficialAccountInfo: Encodable {
    let Official_Account: String
    let ErrorCode: Int
    let ErrorInfo: String
    var CreateTime: Int64?
    var Name: String?
    var Owner_Account: String?
    var LastMsgTime: Int64?
    var SubscriberNum: Int64?
    var Introduction: String?
    var FaceUrl: String?
    var Organization: String?
    var CustomString: String?

    init(_ channel: OfficialChannel, showing filter: BaseInfoFilter) {
        (Official_Account, ErrorCode, ErrorInfo) = (channel.id.rawValue, 0, "")
        let profile = channel.profile
        if filter.shows(.CreateTime) { CreateTime = channel.createdAt.seconds }
        if filter.shows(.Name) { Name = profile.name }
        if filter.shows(.Owner_Account) { Owner_Account = channel.owner.rawValue }
        if filter.shows(.LastMsgTime) { LastMsgTime = channel.lastMessageSeconds }
        if filter.shows(.SubscriberNum) { SubscriberNum = channel.subscribers }
        if filter.shows(.Introduction) { Introduction = profile.introduction }
        if filter.shows(.FaceUrl) { FaceUrl = profile.faceURL }
        if filter.shows(.Organization) { Organization = profile.organization }
        if filter.shows(.CustomString) { CustomString = profile.customString }
    }

    init(missing id: ChannelID) {
        Official_Account = id.rawValue
        ErrorCode = ChatProtocol.ErrorCode.channelNotFound.rawValue
        ErrorInfo = "There is no official channel \(id)."
    }
}

/// Which fields of a profile the caller wants: `OfficialAccountBaseInfoFilter`.
///
/// None named means all; a name that is unknown is ignored.
struct BaseInfoFilter {
    enum Name: String {
        case CreateTime, Name, Owner_Account, LastMsgTime, SubscriberNum, Introduction, FaceUrl, Organization
        case CustomString
    }

    static let names = ListField(
        "OfficialAccountBaseInfoFilter",
        required: false,
        of: "names of profile fields",
        count: 0...100
    )
    static let name = TextField("name", bytes: 0...100)

    private let wanted: Set<Name>?

    /// - Parameter filter: `ResponseFilter`, nil when it is left out.
    init(_ filter: RequestBody?) throws(ChatError) {
        let names = try filter?.optionalItems(Self.names, each: Self.name) ?? []
        wanted = names.isEmpty ? nil : Set(names.compactMap(Name.init(rawValue:)))
    }

    func shows(_ name: Name) -> Bool {
        wanted?.contains(name) ?? true
    }
}

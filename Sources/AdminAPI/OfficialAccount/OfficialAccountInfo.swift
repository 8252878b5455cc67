import Chat
import ChatProtocol

/// One channel in a list of profiles, with its own result (spec/official-channels.md B.6).
enum OfficialAccountInfo {
    static let members: [ReplyMember] =
        [
            ReplyMember("Official_Account", .string, "The channel's ID."),
            ReplyMember("ErrorCode", .integer, "0, or 130004 when there is no such channel."),
            ReplyMember("ErrorInfo", .string, "Why there is nothing more; empty when ErrorCode is 0."),
        ]
        + [
            ReplyMember("CreateTime", .integer, "When it was created, in Unix seconds."),
            ReplyMember("Name", .string, "Its name."),
            ReplyMember("Owner_Account", .string, "Its owner."),
            ReplyMember("LastMsgTime", .integer, "When its last broadcast was sent, in Unix seconds; 0 for never."),
            ReplyMember("SubscriberNum", .integer, "How many subscribe to it."),
            ReplyMember("Introduction", .string, "Its introduction."),
            ReplyMember("FaceUrl", .string, "The URL of its picture."),
            ReplyMember("Organization", .string, "Its organization."),
            ReplyMember("CustomString", .string, "Whatever the application keeps there."),
        ].map { $0.only("when the channel is there and the filter shows it") }

    static func item(_ channel: OfficialChannel, showing filter: BaseInfoFilter) -> JSONObject {
        JSONObject(
            channel.item.filter { member in
                guard let name = BaseInfoFilter.Name(rawValue: member.name) else { return true }
                return filter.shows(name)
            }
        )
    }
}

/// Which fields of a profile the caller wants: `OfficialAccountBaseInfoFilter`.
///
/// None named means all; a name that is unknown is ignored.
struct BaseInfoFilter {
    enum Name: String, CaseIterable {
        case CreateTime, Name, Owner_Account, LastMsgTime, SubscriberNum, Introduction, FaceUrl, Organization
        case CustomString
    }

    /// A name in a filter.
    static let name = TextField("name", bytes: 0...100)
    static let names = ListField(
        "OfficialAccountBaseInfoFilter",
        required: false,
        of: "names of profile fields, of which \(Name.allCases.map(\.rawValue).joined(separator: ", ")) count",
        each: name,
        count: 0...100
    )

    private let wanted: Set<Name>?

    /// - Parameter filter: `ResponseFilter`, nil when it is left out.
    init(_ filter: RequestBody?) throws(ChatError) {
        let names = try filter?.optionalItems(Self.names) ?? []
        wanted = names.isEmpty ? nil : Set(names.compactMap(Name.init(rawValue:)))
    }

    func shows(_ name: Name) -> Bool {
        wanted?.contains(name) ?? true
    }
}

import Chat
import ChatProtocol

/// Pulling Broadcasts (spec/official-channels.md B.12).
struct OfficialAccountMsgGetSimple: Command {
    /// More than 20 are not returned at once.
    static let number = IntegerField("ReqMsgNumber", 1...Int64(UInt32.max), zeroIsAbsent: true)
    static let lastKey = MessageKeyField("LastMsgKey")
    static let withRecalled = IntegerField("WithRecalledMsg", 0...1)

    static let card = CommandCard(
        path: "official_account_open_http_svc/official_account_msg_get_simple",
        summary: "Returns a channel's broadcasts from the newest back, up to 20 at once.",
        documents: ["1047/60812", "269/102299"],
        fields: [ChannelFields.channel, number, lastKey, withRecalled],
        codes: .officialAccountMessages,
        errors: [.conversationNotFound, .channelIDInvalid],
        reply: [
            ReplyMember("Official_Account", .string, "The channel's ID."),
            ReplyMember(
                "IsFinished",
                .integers([0, 1, 2]),
                "0 when there is more of what was asked for, 1 when there is not, 2 when all of it has expired."
            ),
            ReplyMember("LastMsgKey", .string, "The oldest key on the page, to go on from; empty when there is none."),
            ReplyMember("RspMsgList", .list(.object(messageMembers)), "The page, ascending by MsgSeq."),
        ]
    )

    private static let messageMembers = [
        ReplyMember("From_Account", .string, "The channel's ID."),
        ReplyMember(
            "IsPlaceMsg",
            .integers([0, 1, 2]),
            "0 for a message, 1 when it has expired, 2 when it was recalled."
        ),
        ReplyMember("MsgSeq", .integer, "The message's number in the channel."),
        ReplyMember("MsgKey", .string, "The message's key."),
        ReplyMember("MsgTimeStamp", .integer, "When it was sent, in Unix seconds."),
        ReplyMember("MsgRandom", .integer, "The Random that it was sent with."),
        ReplyMember("MsgBody", .list(.messageElement), "The content; empty when it has expired or was recalled."),
        ReplyMember("CloudCustomData", .string, "The application's own data.", only: "when it was sent with any"),
    ]

    /// What `IsFinished` tells.
    private enum Finish: Int64 {
        case moreWasAskedFor = 0
        case complete = 1
        case allExpired = 2
    }

    /// What `IsPlaceMsg` tells.
    private enum Place: Int64 {
        case message = 0
        case expired = 1
        case recalled = 2
    }

    let broadcasts: Broadcasts

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let channel = try body.required(ChannelFields.channel)
        let page = try await broadcasts.history(
            of: channel,
            before: try body.optional(Self.lastKey),
            number: try body.optional(Self.number) ?? Int64(Broadcasts.largestPage),
            withRecalled: try body.optional(Self.withRecalled) == 1,
            of: call.application,
            at: call.time
        )
        return [
            "Official_Account": .string(channel.rawValue),
            "IsFinished": .integer(Self.finish(page).rawValue),
            "LastMsgKey": .string(page.broadcasts.first?.key.rawValue ?? ""),
            "RspMsgList": .array(page.broadcasts.map { .object(Self.item($0, in: channel)) }),
        ]
    }

    private static func finish(_ page: HistoryPage) -> Finish {
        guard page.isComplete else { return .moreWasAskedFor }
        let hasExpired = page.broadcasts.allSatisfy { $0.content == .expired }
        return hasExpired && !page.broadcasts.isEmpty ? .allExpired : .complete
    }

    private static func item(_ broadcast: Broadcast, in channel: ChannelID) -> JSONObject {
        let (place, elements, data): (Place, [JSONValue], String?) =
            switch broadcast.content {
            case .message(let body, let data): (.message, body.elements, data)
            case .expired: (.expired, [], nil)
            case .recalled: (.recalled, [], nil)
            }
        var members: [JSONObject.Member] = [
            .init(name: "From_Account", value: .string(channel.rawValue)),
            .init(name: "IsPlaceMsg", value: .integer(place.rawValue)),
            .init(name: "MsgSeq", value: .integer(broadcast.key.seq)),
            .init(name: "MsgKey", value: .string(broadcast.key.rawValue)),
            .init(name: "MsgTimeStamp", value: .integer(broadcast.key.seconds)),
            .init(name: "MsgRandom", value: .integer(broadcast.random)),
            .init(name: "MsgBody", value: .array(elements)),
        ]
        if let data { members.append(.init(name: "CloudCustomData", value: .string(data))) }
        return JSONObject(members)
    }
}

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
        changes: false,
        sample: #"{"Official_Account":"@TOA#_harbour_news","ReqMsgNumber":20,"WithRecalledMsg":1}"#,
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
        return page.reply(of: channel)
    }
}

import Chat
import ChatProtocol

/// Obtaining Subscribers (spec/official-channels.md B.7).
struct GetSubscriberInfo: Command {
    static let next = CursorField("Next")

    static let card = CommandCard(
        path: "official_account_open_http_svc/get_subscriber_info",
        summary: "Returns a channel's subscribers, up to 200 on a page.",
        documents: ["1047/60759", "269/102306"],
        changes: false,
        sample: #"{"Official_Account":"@TOA#_harbour_news","Limit":100,"Next":""}"#,
        fields: [ChannelFields.channel, SubscriberFields.limit, next],
        codes: .officialAccount,
        errors: [.channelNotFound, .channelIDInvalid],
        reply: [
            ReplyMember("Next", .string, "Where the next page begins; empty when this one is the last."),
            ReplyMember("SubscriberNum", .integer, "How many subscribe to the channel."),
            ReplyMember(
                "SubscriberList",
                .list(
                    .object([
                        ReplyMember("Subscriber_Account", .string, "The user."),
                        ReplyMember("SubscribeTime", .integer, "When the user subscribed, in Unix seconds."),
                        ReplyMember("CustomString", .string, "Whatever the application keeps there."),
                        ReplyMember(
                            "MsgFlag",
                            .words(MessageFlag.allCases.map(\.rawValue)),
                            "How the user wants the channel's messages."
                        ),
                        ReplyMember(
                            "LastSendMsgTime",
                            .integer,
                            "When the user last sent the channel a message, in Unix seconds; 0 for never."
                        ),
                    ])
                ),
                "The subscribers of the page, in the order in which they came."
            ),
        ]
    )

    let subscribers: Subscribers

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let page = try await subscribers.page(
            of: try body.required(ChannelFields.channel),
            after: try body.optional(Self.next),
            limit: Int(try body.optional(SubscriberFields.limit) ?? SubscriberFields.largestPage),
            of: call.application,
            at: call.time
        )
        return [
            "Next": .string(page.next?.text ?? ""),
            "SubscriberNum": .integer(page.total),
            "SubscriberList": .array(page.subscriptions.map { .object(Self.item($0)) }),
        ]
    }

    private static func item(_ subscription: Subscription) -> JSONObject {
        [
            "Subscriber_Account": .string(subscription.user.rawValue),
            "SubscribeTime": .integer(subscription.subscribedAt.seconds),
            "CustomString": .string(subscription.customString),
            "MsgFlag": .string(subscription.messageFlag.rawValue),
            "LastSendMsgTime": .integer(subscription.lastSentSeconds),
        ]
    }
}

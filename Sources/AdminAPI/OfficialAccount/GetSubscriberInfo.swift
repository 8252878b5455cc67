import Chat
import ChatProtocol

/// Obtaining Subscribers (spec/official-channels.md B.7).
struct GetSubscriberInfo: Command {
    static let next = CursorField("Next")

    static let card = CommandCard(
        path: "official_account_open_http_svc/get_subscriber_info",
        summary: "Returns a channel's subscribers, up to 200 on a page.",
        documents: ["1047/60759", "269/102306"],
        fields: [ChannelFields.channel, SubscriberFields.limit, next],
        codes: .officialAccount,
        errors: [.channelNotFound, .channelIDInvalid]
    )

    let subscribers: Subscribers

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let page = try await subscribers.page(
            of: try body.required(ChannelFields.channel),
            after: try body.optionalUnlessEmpty(Self.next),
            limit: Int(try body.optionalUnlessZero(SubscriberFields.limit) ?? SubscriberFields.largestPage),
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

import Chat
import ChatProtocol

/// Adding Subscribers (spec/official-channels.md B.4).
struct AddSubscriber: Command {
    static let card = CommandCard(
        path: "official_account_open_http_svc/add_subscriber",
        summary: "Subscribes up to 100 users to a channel.",
        documents: ["1047/60760", "269/102308"],
        changes: true,
        sample: #"""
            {"Official_Account":"@TOA#_harbour_news",
             "SubscriberList":[{"Subscriber_Account":"107867"},{"Subscriber_Account":"anna"}]}
            """#,
        fields: [ChannelFields.channel, SubscriberFields.list],
        codes: .officialAccount,
        errors: [
            .channelNotFound, .channelIDInvalid, .channelFull, .refusedByWebhook, .webhookFailed,
        ],
        reply: [SubscriberResult.member("0 failed, 1 subscribed, 2 was subscribed already.")],
        webhooks: [.beforeAddSubscriber, .afterAddSubscriber, .afterFull]
    )

    let subscribers: Subscribers

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let channel = try body.required(ChannelFields.channel)
        let names = try SubscriberFields.names(in: body)
        let results = try await subscribers.add(names, to: channel, for: call)
        return ["SubscriberList": SubscriberResult.list(names, results.map(\.rawValue))]
    }
}

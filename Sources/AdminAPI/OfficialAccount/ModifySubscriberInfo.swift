import Chat
import ChatProtocol

/// Modifying Subscriber Information (spec/official-channels.md B.8).
struct ModifySubscriberInfo: Command {
    static let customString = TextField("CustomString", required: true, bytes: 0...Subscription.longestCustomString)

    static let card = CommandCard(
        path: "official_account_open_http_svc/modify_subscriber_info",
        summary: "Sets the CustomString of a subscription.",
        documents: ["1047/60762", "269/102310"],
        changes: true,
        sample: #"""
            {"Official_Account":"@TOA#_harbour_news","Subscriber_Account":"107867",
             "CustomString":"{\"seat\":\"12A\"}"}
            """#,
        fields: [ChannelFields.channel, SubscriberFields.account, customString],
        codes: .officialAccount,
        errors: [.channelNotFound, .channelIDInvalid, .notSubscribed],
        reply: []
    )

    let subscribers: Subscribers

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        try await subscribers.setCustomString(
            try body.required(Self.customString),
            of: try body.required(SubscriberFields.account),
            in: try body.required(ChannelFields.channel),
            for: call
        )
        return [:]
    }
}

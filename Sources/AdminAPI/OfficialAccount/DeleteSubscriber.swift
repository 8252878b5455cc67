import Chat
import ChatProtocol

/// Deleting Subscribers (spec/official-channels.md B.5), in both shapes; `SubscriberToDel_Account` wins over
/// `SubscriberList`.
struct DeleteSubscriber: Command {
    static let names = ListField(
        "SubscriberToDel_Account",
        required: false,
        of: "UserIDs",
        each: AccountNameField("SubscriberToDel_Account"),
        count: 1...SubscriberFields.most
    )
    /// The page's own field table has this one, copied from the page on adding.
    static let list = ObjectListField(
        "SubscriberList",
        insteadOf: "SubscriberToDel_Account",
        of: [SubscriberFields.account],
        count: 1...SubscriberFields.most
    )

    static let card = CommandCard(
        path: "official_account_open_http_svc/delete_subscriber",
        summary: "Unsubscribes up to 100 users from a channel.",
        documents: ["1047/60761"],
        changes: true,
        sample: #"{"Official_Account":"@TOA#_harbour_news","SubscriberToDel_Account":["107867","anna"]}"#,
        fields: [ChannelFields.channel, names, list],
        codes: .officialAccount,
        errors: [.channelNotFound, .channelIDInvalid],
        reply: [SubscriberResult.member("0 failed, 1 unsubscribed, 2 was not subscribed.")],
        webhooks: [.afterDeleteSubscriber]
    )

    let subscribers: Subscribers

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let channel = try body.required(ChannelFields.channel)
        let names: [String]
        if let given = try body.optionalItems(Self.names) {
            names = given
        } else {
            names = try body.objects(Self.list).map { item throws(ChatError) in
                try item.required(SubscriberFields.account)
            }
        }
        let results = try await subscribers.remove(names, from: channel, for: call)
        return ["SubscriberList": SubscriberResult.list(names, results.map(\.rawValue))]
    }
}

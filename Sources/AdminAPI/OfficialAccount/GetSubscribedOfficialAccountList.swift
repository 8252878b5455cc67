import Chat
import ChatProtocol

/// Obtaining a User's Subscriptions (spec/official-channels.md B.9).
struct GetSubscribedOfficialAccountList: Command {
    static let offset = IntegerField("Offset", 0...Int64(UInt32.max))
    static let responseFilter = ObjectField("ResponseFilter", of: [BaseInfoFilter.names, SelfInfoFilter.names])

    static let card = CommandCard(
        path: "official_account_open_http_svc/get_subscribed_official_account_list",
        summary: "Returns the channels that a user subscribes to, up to 200 on a page, the newest subscription first.",
        documents: ["1047/60763"],
        changes: false,
        sample: #"""
            {"Subscriber_Account":"107867","Limit":200,"Offset":0,
             "ResponseFilter":{"OfficialAccountBaseInfoFilter":["Name"],"SelfInfoFilter":["SubscribeTime"]}}
            """#,
        fields: [SubscriberFields.account, SubscriberFields.limit, offset, responseFilter],
        codes: .officialAccount,
        errors: [.accountNotImported],
        reply: [
            ReplyMember(
                "OfficialAccountInfoList",
                .list(
                    .object(
                        OfficialAccountInfo.members
                            + [ReplyMember("SelfInfo", .object(SelfInfoFilter.members), "The user's subscription.")]
                    )
                ),
                "The channels of the page."
            ),
            ReplyMember("TotalCount", .integer, "How many channels the user subscribes to."),
            ReplyMember("CompleteFlag", .integers([0, 1]), "1 when no channel is left, otherwise 0."),
            ReplyMember("Next", .integer, "The Offset of the next page; 0 when there is none."),
        ]
    )

    let subscribers: Subscribers

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let filter = try body.inner(Self.responseFilter)
        let (base, own) = (try BaseInfoFilter(filter), try SelfInfoFilter(filter))
        let offset = try body.optional(Self.offset) ?? 0
        let found = try await subscribers.channels(
            of: try body.required(SubscriberFields.account),
            offset: offset,
            limit: try body.optional(SubscriberFields.limit) ?? SubscriberFields.largestPage,
            of: call.application,
            at: call.time
        )
        let items = found.items.map { channel, subscription in
            JSONValue.object(
                JSONObject(
                    OfficialAccountInfo.item(channel, showing: base).members
                        + [JSONObject.Member(name: "SelfInfo", value: .object(own.item(subscription)))]
                )
            )
        }
        let end = offset + Int64(items.count)
        let isComplete = items.isEmpty || end >= found.total
        return [
            "OfficialAccountInfoList": .array(items),
            "TotalCount": .integer(found.total),
            "CompleteFlag": .integer(isComplete ? 1 : 0),
            "Next": .integer(isComplete ? 0 : end),
        ]
    }
}

/// Which fields of a user's own subscription the caller wants: `SelfInfoFilter`.
///
/// None named means all; a name that is unknown is ignored.
struct SelfInfoFilter {
    static let names = ListField(
        "SelfInfoFilter",
        required: false,
        of: "names of subscription fields, of which SubscribeTime, CustomString count",
        each: BaseInfoFilter.name,
        count: 0...100
    )

    static let members = [
        ReplyMember("SubscribeTime", .integer, "When the user subscribed, in Unix seconds."),
        ReplyMember("CustomString", .string, "Whatever the application keeps there."),
    ].map { $0.only("when the filter shows it") }

    private let names: [String]

    /// - Parameter filter: `ResponseFilter`, nil when it is left out.
    init(_ filter: RequestBody?) throws(ChatError) {
        names = try filter?.optionalItems(Self.names) ?? []
    }

    func item(_ subscription: Subscription) -> JSONObject {
        let fields: JSONObject = [
            "SubscribeTime": .integer(subscription.subscribedAt.seconds),
            "CustomString": .string(subscription.customString),
        ]
        return names.isEmpty ? fields : JSONObject(fields.members.filter { names.contains($0.name) })
    }
}

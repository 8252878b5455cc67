import Chat
package import ChatProtocol

/// Recalling Broadcasts (spec/official-channels.md B.11).
struct OfficialAccountMsgRecall: Command {
    /// One that names no message is answered in its own item.
    static let key = AnyTextField("MsgKey")
    static let keys = ListField("MsgKeyList", of: "MsgKeys", each: key, count: 1...Broadcasts.mostRecalls)
    static let reason = TextField("Reason", bytes: 0...Broadcasts.longestReason)

    static let card = CommandCard(
        path: "official_account_open_http_svc/official_account_msg_recall",
        summary: "Recalls up to 10 broadcasts of a channel.",
        documents: ["1047/60811", "269/102327"],
        changes: true,
        sample: #"""
            {"Official_Account":"@TOA#_harbour_news","MsgKeyList":["1_1_1767229200"],
             "Reason":"wrong pier"}
            """#,
        fields: [ChannelFields.channel, keys, reason],
        codes: .officialAccountMessages,
        errors: [.conversationNotFound, .channelIDInvalid, .messageNotFound],
        reply: [
            ReplyMember(
                "RecallRetList",
                .list(
                    .object([
                        ReplyMember("MsgKey", .string, "The key asked for."),
                        ReplyMember(
                            "RetCode",
                            .integer,
                            "0 when the message was recalled, 10030 when there is none, or no longer."
                        ),
                    ])
                ),
                "One item for each key, in the order of the request."
            )
        ],
        webhooks: [.afterRecall]
    )

    let broadcasts: Broadcasts

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let channel = try body.required(ChannelFields.channel)
        let recall = try BroadcastRecall(body)
        let codes = try await broadcasts.recall(recall.keys, reason: recall.reason, in: channel, for: call)
        let items = zip(recall.keys, codes).map { key, code in
            JSONValue.object(["MsgKey": .string(key), "RetCode": .integer(Int64(code.rawValue))])
        }
        return ["RecallRetList": .array(items)]
    }
}

/// Which broadcasts of a channel are to be recalled, and why.
package struct BroadcastRecall: Sendable {
    package let keys: [String]
    package let reason: String?

    /// What the fields of the command ask for; also the console's form is read by them.
    package init(_ body: RequestBody) throws(ChatError) {
        keys = try body.items(OfficialAccountMsgRecall.keys)
        reason = try body.optional(OfficialAccountMsgRecall.reason)
    }
}

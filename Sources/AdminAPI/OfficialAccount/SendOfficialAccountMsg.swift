package import Chat
package import ChatProtocol

/// Sending a Broadcast (spec/official-channels.md B.10).
struct SendOfficialAccountMsg: Command {
    /// Webhooks that are left out for this message.
    enum Forbidden: String, CaseIterable {
        case before = "ForbidBeforeSendMsgCallback"
        case after = "ForbidAfterSendMsgCallback"
    }

    enum Control: String, CaseIterable {
        case noLastMessage = "NoLastMsg"
    }

    static let random = IntegerField("Random", required: true, 0...Int64(UInt32.max))
    static let messageBody = MessageBodyField()
    /// Its length counts with that of `MsgBody`: 80002.
    static let cloudCustomData = TextField("CloudCustomData", bytes: 0...1_048_576)
    static let pushInfo = OfflinePushInfoField()
    static let onlineOnly = IntegerField("OnlineOnlyFlag", 0...1)
    static let forbidden = ListField(
        "ForbidCallbackControl",
        required: false,
        of: "names of webhooks: \(Forbidden.allCases.map(\.rawValue).joined(separator: ", "))",
        each: WordField("ForbidCallbackControl", of: Forbidden.self),
        count: 0...10
    )
    static let control = ListField(
        "SendMsgControl",
        required: false,
        of: "names of controls: \(Control.allCases.map(\.rawValue).joined(separator: ", "))",
        each: WordField("SendMsgControl", of: Control.self),
        count: 0...10
    )

    static let card = CommandCard(
        path: "official_account_open_http_svc/send_official_account_msg",
        summary:
            "Sends one message to all subscribers of a channel; one a second and two an hour, unless set otherwise.",
        documents: ["1047/60810", "269/102298"],
        changes: true,
        sample: #"""
            {"Official_Account":"@TOA#_harbour_news","Random":20260101,
             "MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"Ferry 7 is delayed"}}],
             "CloudCustomData":"{\"topic\":\"ferry\"}",
             "OfflinePushInfo":{"PushFlag":0,"Title":"Harbour","Desc":"Ferry 7 is delayed","Ext":"{}"}}
            """#,
        fields: [
            ChannelFields.channel, random, messageBody, cloudCustomData, pushInfo, onlineOnly, forbidden, control,
        ],
        codes: .officialAccount,
        errors: [
            .channelNotFound, .channelIDInvalid, .messageTooLong, .broadcastFrequencyExceeded, .refusedByWebhook,
            .webhookFailed,
        ],
        reply: [
            ReplyMember("MsgTime", .integer, "When the server took the message, in Unix seconds."),
            ReplyMember("MsgKey", .string, "The message's key, for recalling it and for paging."),
        ],
        webhooks: [.beforeSend, .afterSend]
    )

    let broadcasts: Broadcasts

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let key = try await broadcasts.send(try NewBroadcast(body), for: call)
        return ["MsgTime": .integer(key.seconds), "MsgKey": .string(key.rawValue)]
    }
}

extension NewBroadcast {
    /// What the fields of the command ask for; also the console's form is read by them.
    package init(_ body: RequestBody) throws(ChatError) {
        self.init(
            channel: try body.required(ChannelFields.channel),
            random: try body.required(SendOfficialAccountMsg.random),
            body: try body.required(SendOfficialAccountMsg.messageBody)
        )
        cloudCustomData = try body.optional(SendOfficialAccountMsg.cloudCustomData)
        pushInfo = try body.optional(SendOfficialAccountMsg.pushInfo)
        isOnlineOnly = try body.optional(SendOfficialAccountMsg.onlineOnly) == 1
        let forbidden = try body.optionalItems(SendOfficialAccountMsg.forbidden)
        skipsBeforeWebhook = forbidden?.contains(.before) ?? false
        skipsAfterWebhook = forbidden?.contains(.after) ?? false
        let control = try body.optionalItems(SendOfficialAccountMsg.control)
        updatesLastMessage = !(control?.contains(.noLastMessage) ?? false)
    }
}

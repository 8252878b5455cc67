package import Chat
package import ChatProtocol

/// Creating Official Channel (spec/official-channels.md B.1).
struct CreateOfficialAccount: Command {
    static let id = ChannelIDField("OfficialAccountUserID", required: false)
    static let owner = AccountNameField("Owner_Account")
    static let name = ChannelFields.name(required: true)

    static let card = CommandCard(
        path: "official_account_open_http_svc/create_official_account",
        summary: "Creates an official channel.",
        documents: ["1047/60755", "269/102302"],
        changes: true,
        sample: #"""
            {"Owner_Account":"107867","Name":"Harbour News","OfficialAccountUserID":"@TOA#_harbour_news",
             "Introduction":"Tides and ferries","FaceUrl":"https://img.example.net/h.png","MaxSubscriberNum":5000,
             "Organization":"Port of Example","CustomString":"{\"lang\":\"en\"}"}
            """#,
        fields: [
            owner, name, id, ChannelFields.introduction, ChannelFields.faceURL, ChannelFields.maxSubscribers,
            ChannelFields.organization, ChannelFields.customString,
        ],
        codes: .officialAccount,
        errors: [
            .accountNotImported, .channelIDInvalid, .channelIDTaken, .channelQuotaExceeded, .creationRefused,
            .webhookFailed,
        ],
        reply: [ReplyMember("OfficialAccountUserID", .string, "The channel's ID, as it was given or made.")],
        webhooks: [.beforeCreate, .afterCreate]
    )

    let channels: OfficialChannels

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let id = try await channels.create(try NewChannel(body), for: call)
        return ["OfficialAccountUserID": .string(id.rawValue)]
    }
}

extension NewChannel {
    /// What the fields of the command ask for; also the console's form is read by them.
    package init(_ body: RequestBody) throws(ChatError) {
        self.init(
            id: try body.optional(CreateOfficialAccount.id),
            owner: try body.required(CreateOfficialAccount.owner),
            profile: ChannelProfile(
                name: try body.required(CreateOfficialAccount.name),
                introduction: try body.optional(ChannelFields.introduction) ?? "",
                faceURL: try body.optional(ChannelFields.faceURL) ?? "",
                organization: try body.optional(ChannelFields.organization) ?? "",
                customString: try body.optional(ChannelFields.customString) ?? ""
            ),
            maxSubscribers: try body.optional(ChannelFields.maxSubscribers)
        )
    }
}

package import Chat
package import ChatProtocol

/// Modifying Official Channel Profile (spec/official-channels.md B.3).
struct ModifyOfficialAccountBaseInfo: Command {
    /// The Java SDK leaves the underscore out in this one call.
    static let channel = ChannelIDField("Official_Account", aliases: ["OfficialAccount"])
    static let name = ChannelFields.name(required: false)

    static let card = CommandCard(
        path: "official_account_open_http_svc/modify_official_account_base_info",
        summary: "Changes those parts of a channel's profile that are given.",
        documents: ["1047/60757"],
        changes: true,
        sample: #"{"Official_Account":"@TOA#_harbour_news","Name":"Harbour Bulletin","MaxSubscriberNum":8000}"#,
        fields: [
            channel, name, ChannelFields.introduction, ChannelFields.faceURL, ChannelFields.organization,
            ChannelFields.customString, ChannelFields.maxSubscribers,
        ],
        codes: .officialAccount,
        errors: [.channelNotFound, .channelIDInvalid],
        reply: [],
        webhooks: [.afterInfoChanged]
    )

    let channels: OfficialChannels

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let channel = try body.required(Self.channel)
        try await channels.modify(channel, try ChannelChange(body), for: call)
        return [:]
    }
}

extension ChannelChange {
    /// What the fields of the command ask for; also the console's form is read by them.
    package init(_ body: RequestBody) throws(ChatError) {
        self.init()
        name = try body.optional(ModifyOfficialAccountBaseInfo.name)
        introduction = try body.optional(ChannelFields.introduction)
        faceURL = try body.optional(ChannelFields.faceURL)
        organization = try body.optional(ChannelFields.organization)
        customString = try body.optional(ChannelFields.customString)
        maxSubscribers = try body.optional(ChannelFields.maxSubscribers)
    }
}

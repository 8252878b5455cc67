import Chat
import ChatProtocol

/// Destroying Official Channel (spec/official-channels.md B.2).
struct DestroyOfficialAccount: Command {
    static let card = CommandCard(
        path: "official_account_open_http_svc/destroy_official_account",
        summary: "Destroys an official channel; its ID is free again.",
        documents: ["1047/60756"],
        changes: true,
        sample: #"{"Official_Account":"@TOA#_harbour_news"}"#,
        fields: [ChannelFields.channel],
        codes: .officialAccount,
        errors: [.channelNotFound, .channelIDInvalid],
        reply: [],
        webhooks: [.afterDestroyed]
    )

    let channels: OfficialChannels

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        try await channels.destroy(try body.required(ChannelFields.channel), for: call)
        return [:]
    }
}

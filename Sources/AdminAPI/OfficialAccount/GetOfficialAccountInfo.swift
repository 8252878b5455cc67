import Chat
import ChatProtocol

/// Obtaining Official Channel Profiles (spec/official-channels.md B.6).
struct GetOfficialAccountInfo: Command {
    static let list = ObjectListField("OfficialAccountIdList", of: [ChannelFields.channel], count: 1...50)
    static let responseFilter = ObjectField("ResponseFilter", of: [BaseInfoFilter.names])

    static let card = CommandCard(
        path: "official_account_open_http_svc/get_official_account_info",
        summary: "Returns the profiles of up to 50 channels.",
        documents: ["1047/60758"],
        changes: false,
        sample: #"""
            {"OfficialAccountIdList":[{"Official_Account":"@TOA#_harbour_news"}],
             "ResponseFilter":{"OfficialAccountBaseInfoFilter":["Name","SubscriberNum","CreateTime"]}}
            """#,
        fields: [list, responseFilter],
        codes: .officialAccount,
        errors: [.channelIDInvalid, .channelNotFound],
        reply: [
            ReplyMember(
                "OfficialAccountInfoList",
                .list(.object(OfficialAccountInfo.members)),
                "One item for each channel, in the order of the request."
            )
        ]
    )

    let channels: OfficialChannels

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let ids = try body.objects(Self.list).map { item throws(ChatError) in
            try item.required(ChannelFields.channel)
        }
        let filter = try BaseInfoFilter(try body.inner(Self.responseFilter))
        let found = try await channels.find(ids, of: call.application, at: call.time)
        let items = zip(ids, found).map { id, channel in
            let item = channel.map { OfficialAccountInfo.item($0, showing: filter) }
            return JSONValue.object(item ?? OfficialChannel.missingItem(id))
        }
        return ["OfficialAccountInfoList": .array(items)]
    }
}

import ChatProtocol

extension AdminClient {
    private static let service = "official_account_open_http_svc"

    /// Creates an official channel: `create_official_account` (spec/official-channels.md B.1).
    ///
    /// Refused with 70107 when the owner is not imported, 130007 for an ID that breaks the rule, 130008 for one in use,
    /// 130010 when the plan has no room, 20006 or 120001 to 130000 by the application's webhook.
    ///
    /// When an attempt's answer is lost and a later attempt is told that the ID is in use, a server that knows no
    /// `Idempotency-Key` may speak of this very channel. It counts as created if a read shows it with the owner and the
    /// profile of this call.
    ///
    /// - Returns: the channel's ID, as it was given or made.
    public func createOfficialChannel(
        _ new: NewOfficialChannel,
        idempotencyKey: String? = nil
    ) async throws(RostrumError) -> String {
        let call = AdminCall(
            command: "\(Self.service)/create_official_account",
            body: new.object.json,
            idempotencyKey: idempotencyKey ?? newKey()
        )
        let (reply, hasLostReply) = await perform(call) { (reply) throws(WireFault) in
            try reply.text("OfficialAccountUserID")
        }
        if hasLostReply, let id = new.id, case .failure(.refused(let refusal)) = reply, refusal.code == .channelIDTaken
        {
            if let found = try await officialChannels([id]).first?.found, new.isProfile(of: found) { return id }
        }
        return try reply.get()
    }

    /// Destroys a channel; its ID is free again: `destroy_official_account` (spec/official-channels.md B.2).
    ///
    /// Refused with 130004 when there is no such channel.
    public func destroyOfficialChannel(_ channel: String, idempotencyKey: String? = nil) async throws(RostrumError) {
        let body: JSONObject = ["Official_Account": .string(channel)]
        try await write("\(Self.service)/destroy_official_account", body, idempotencyKey)
    }

    /// Changes those parts of a channel's profile that are given: `modify_official_account_base_info`
    /// (spec/official-channels.md B.3).
    ///
    /// Refused with 130004 when there is no such channel, 6017 for a part that is too long.
    public func modifyOfficialChannel(
        _ channel: String,
        _ change: OfficialChannelChange,
        idempotencyKey: String? = nil
    ) async throws(RostrumError) {
        try await write(
            "\(Self.service)/modify_official_account_base_info",
            change.object(of: channel),
            idempotencyKey
        )
    }

    /// Returns the profiles of up to 50 channels: `get_official_account_info` (spec/official-channels.md B.6).
    ///
    /// Always whole profiles: `ResponseFilter` would save a few bytes and make every member one that may be missing.
    ///
    /// - Returns: one item for each ID, in the order of the request.
    public func officialChannels(_ ids: [String]) async throws(RostrumError) -> [Answer<OfficialChannelInfo>] {
        let list = ids.map { JSONValue.object(["Official_Account": .string($0)]) }
        let body: JSONObject = ["OfficialAccountIdList": .array(list)]
        return try await read("\(Self.service)/get_official_account_info", body) { (reply) throws(WireFault) in
            try reply.objects("OfficialAccountInfoList") { (item) throws(WireFault) in
                try Answer(item) { (item) throws(WireFault) in try OfficialChannelInfo(item) }
            }
        }
    }

    /// Returns the channels that a user subscribes to, the newest subscription first:
    /// `get_subscribed_official_account_list` (spec/official-channels.md B.9).
    ///
    /// Refused with 70107 when the account is not imported.
    ///
    /// - Parameters:
    ///   - user: the account.
    ///   - limit: items on the page, 1 to 200.
    ///   - offset: ``SubscribedChannelPage/nextOffset`` of the page before.
    public func subscribedChannels(
        of user: String,
        limit: Int = 200,
        offset: Int64 = 0
    ) async throws(RostrumError) -> SubscribedChannelPage {
        let body: JSONObject = [
            "Subscriber_Account": .string(user), "Limit": .integer(Int64(limit)), "Offset": .integer(offset),
        ]
        return try await read("\(Self.service)/get_subscribed_official_account_list", body) {
            (reply) throws(WireFault) in
            try SubscribedChannelPage(reply)
        }
    }
}

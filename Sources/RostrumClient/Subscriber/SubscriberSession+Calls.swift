import ChatProtocol

/// The methods of docs/subscriber-protocol.md, but for `resume`, which a session calls by itself.
///
/// A call waits for the connection and is then sent once: one whose connection is lost before its answer throws
/// ``RostrumError/noAnswer(reason:)``, and may be made again.
extension SubscriberSession {
    /// Subscribes the user to a channel: `subscribeOfficialAccount`.
    ///
    /// The event ``SubscriberEvent/subscribed(_:)`` comes as well, on each of the user's devices. Refused with 130004
    /// when there is no such channel, 130005 when the user subscribes already, 130006 when the channel is full, 10016 or
    /// 120001 to 130000 by the application's webhook.
    @discardableResult
    public func subscribe(to channel: String) async throws(RostrumError) -> LiveChannel {
        try await call("subscribeOfficialAccount", ["Official_Account": .string(channel)]) {
            (result) throws(WireFault) in
            try LiveChannel(result)
        }
    }

    /// Unsubscribes the user from a channel: `unsubscribeOfficialAccount`.
    ///
    /// Refused with 131003 when the user does not subscribe to it.
    public func unsubscribe(from channel: String) async throws(RostrumError) {
        try await call("unsubscribeOfficialAccount", ["Official_Account": .string(channel)])
    }

    /// Returns up to 50 channels: `getOfficialAccountsInfo`.
    ///
    /// - Returns: one item for each ID, in the order of the request.
    public func channels(_ ids: [String]) async throws(RostrumError) -> [Answer<LiveChannel>] {
        // An empty list would ask for something else.
        guard !ids.isEmpty else { return [] }
        let list = ids.map { JSONValue.object(["Official_Account": .string($0)]) }
        return try await call("getOfficialAccountsInfo", ["OfficialAccountIdList": .array(list)]) {
            (result) throws(WireFault) in
            try result.objects("OfficialAccountInfoList") { (item) throws(WireFault) in
                try Answer(item) { (item) throws(WireFault) in try LiveChannel(item) }
            }
        }
    }

    /// Returns all channels that the user subscribes to, the newest subscription first: `getOfficialAccountsInfo`, page
    /// by page.
    ///
    /// Whoever subscribes meanwhile, on another device, may find a channel twice, and whoever unsubscribes miss one.
    public func subscribedChannels() async throws(RostrumError) -> [LiveChannel] {
        var channels: [LiveChannel] = []
        var offset: Int64? = 0
        while let start = offset {
            let page = try await call("getOfficialAccountsInfo", SubscribedPage.request(from: start)) {
                (result) throws(WireFault) in
                try SubscribedPage(result, from: start)
            }
            channels += page.channels
            offset = page.nextOffset
        }
        return channels
    }

    /// Returns the application's channels in the order of IDs: `getOfficialAccountList`.
    ///
    /// - Parameters:
    ///   - limit: items on the page, 1 to 100.
    ///   - offset: ``LiveChannelPage/nextOffset`` of the page before, at most 10,000; ``allChannels(limit:after:)`` goes
    ///     on from there.
    public func allChannels(limit: Int = 20, offset: Int64 = 0) async throws(RostrumError) -> LiveChannelPage {
        try await page(["Limit": .integer(Int64(limit)), "Offset": .integer(offset)])
    }

    /// Returns the application's channels in the order of IDs, from the one on that follows another:
    /// `getOfficialAccountList`.
    ///
    /// - Parameters:
    ///   - limit: items on the page, 1 to 100.
    ///   - channel: the last ID of the page before.
    public func allChannels(limit: Int = 20, after channel: String) async throws(RostrumError) -> LiveChannelPage {
        try await page(["Limit": .integer(Int64(limit)), "After": .string(channel)])
    }

    private func page(_ params: JSONObject) async throws(RostrumError) -> LiveChannelPage {
        try await call("getOfficialAccountList", params) { (result) throws(WireFault) in
            try LiveChannelPage(result)
        }
    }

    /// Sets how the user wants a channel's messages: `setReceiveMessageOpt`.
    ///
    /// Refused with 131003 when the user does not subscribe to it.
    public func setMessageFlag(_ flag: MessageFlag, of channel: String) async throws(RostrumError) {
        let params: JSONObject = ["Official_Account": .string(channel), "MsgFlag": .string(flag.rawValue)]
        try await call("setReceiveMessageOpt", params)
    }

    /// Returns what a channel sent since the user subscribed, from the newest back: `getHistoryMessageList`.
    ///
    /// Refused with 131003 when the user does not subscribe to it.
    ///
    /// - Parameters:
    ///   - channel: the channel.
    ///   - count: messages on the page, 1 to 20.
    ///   - before: ``HistoryPage/oldestKey`` of the page before; nil for the newest.
    ///   - withRecalled: whether recalled messages are shown, without their content.
    public func history(
        of channel: String,
        count: Int = 20,
        before: String? = nil,
        withRecalled: Bool = false
    ) async throws(RostrumError) -> HistoryPage {
        let params = HistoryPage.request(of: channel, count: count, before: before, withRecalled: withRecalled)
        return try await call("getHistoryMessageList", params) { (result) throws(WireFault) in
            try HistoryPage(result)
        }
    }

    /// Marks a post as read, and all before it: `markMessageAsRead`.
    ///
    /// What is read stays read. Refused with 131003 when the user does not subscribe to the channel.
    ///
    /// - Parameter seq: the post's ``ChannelMessage/seq``.
    public func markAsRead(upTo seq: Int64, in channel: String) async throws(RostrumError) {
        let params: JSONObject = ["Official_Account": .string(channel), "MsgSeq": .integer(seq)]
        try await call("markMessageAsRead", params)
    }

    /// Counts the posts after the last one that was read, without recalled ones: `getUnreadMessageCount`.
    public func unreadCount(of channel: String) async throws(RostrumError) -> Int64 {
        try await call("getUnreadMessageCount", ["Official_Account": .string(channel)]) { (result) throws(WireFault) in
            try result.count("UnreadMsgNum")
        }
    }

    private func call(_ method: String, _ params: JSONObject) async throws(RostrumError) {
        try await call(method, params) { (_) throws(WireFault) in }
    }

    private func call<Value>(
        _ method: String,
        _ params: JSONObject,
        _ decode: (WireObject) throws(WireFault) -> Value
    ) async throws(RostrumError) -> Value {
        let result = try await exchange(method, params)
        do throws(WireFault) {
            return try decode(try WireObject(result, place: ""))
        } catch {
            throw .unreadable("\(method): \(error.problem)")
        }
    }

    private func exchange(_ method: String, _ params: JSONObject) async throws(RostrumError) -> JSONValue {
        buffer.callBegan()
        defer { buffer.callEnded() }
        let answer = await withTaskGroup(of: Result<JSONValue, RostrumError>.self) { group in
            group.addTask { await self.calls.exchange(method, params) }
            group.addTask {
                do {
                    try await self.clock.sleep(for: self.timeout)
                    let loss = self.calls.lastLoss.map { "no connection within \(self.timeout): \($0)" }
                    return .failure(.noAnswer(reason: loss ?? "no answer within \(self.timeout)"))
                } catch {
                    return .failure(.cancelled)
                }
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(.cancelled)
        }
        return try answer.get()
    }
}

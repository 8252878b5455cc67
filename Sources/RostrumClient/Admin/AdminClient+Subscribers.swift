import ChatProtocol

extension AdminClient {
    private static let service = "official_account_open_http_svc"

    /// Subscribes up to 100 users to a channel: `add_subscriber` (spec/official-channels.md B.4).
    ///
    /// Refused with 130004 when there is no such channel, 130006 when it is full and nobody could be added, 10016 or
    /// 120001 to 130000 by the application's webhook.
    ///
    /// - Returns: one item for each user, in the order of the request.
    public func addSubscribers(
        _ users: [String],
        to channel: String,
        idempotencyKey: String? = nil
    ) async throws(RostrumError) -> [SubscriberAddition] {
        let list = users.map { JSONValue.object(["Subscriber_Account": .string($0)]) }
        let body: JSONObject = ["Official_Account": .string(channel), "SubscriberList": .array(list)]
        return try await write("\(Self.service)/add_subscriber", body, idempotencyKey) { (reply) throws(WireFault) in
            try reply.objects("SubscriberList") { (item) throws(WireFault) in
                SubscriberAddition(
                    user: try item.text("Subscriber_Account"),
                    outcome: try item.outcome(SubscriberAddition.Outcome.init)
                )
            }
        }
    }

    /// Unsubscribes up to 100 users from a channel: `delete_subscriber` (spec/official-channels.md B.5).
    ///
    /// Refused with 130004 when there is no such channel.
    ///
    /// - Returns: one item for each user, in the order of the request.
    public func deleteSubscribers(
        _ users: [String],
        from channel: String,
        idempotencyKey: String? = nil
    ) async throws(RostrumError) -> [SubscriberDeletion] {
        let body: JSONObject = ["Official_Account": .string(channel), "SubscriberToDel_Account": .texts(users)]
        return try await write("\(Self.service)/delete_subscriber", body, idempotencyKey) {
            (reply) throws(WireFault) in
            try reply.objects("SubscriberList") { (item) throws(WireFault) in
                SubscriberDeletion(
                    user: try item.text("Subscriber_Account"),
                    outcome: try item.outcome(SubscriberDeletion.Outcome.init)
                )
            }
        }
    }

    /// Returns a channel's subscribers in the order in which they came: `get_subscriber_info`
    /// (spec/official-channels.md B.7).
    ///
    /// Refused with 130004 when there is no such channel.
    ///
    /// - Parameters:
    ///   - channel: the channel.
    ///   - limit: items on the page, 1 to 200.
    ///   - next: ``SubscriberPage/next`` of the page before; nil for the first.
    public func subscribers(
        of channel: String,
        limit: Int = 200,
        next: String? = nil
    ) async throws(RostrumError) -> SubscriberPage {
        let body = (["Official_Account": .string(channel), "Limit": .integer(Int64(limit))] as JSONObject)
            .adding("Next", next)
        return try await read("\(Self.service)/get_subscriber_info", body) { (reply) throws(WireFault) in
            try SubscriberPage(reply)
        }
    }

    /// Sets what the application keeps with a subscription, at most 3000 bytes: `modify_subscriber_info`
    /// (spec/official-channels.md B.8).
    ///
    /// Refused with 130004 when there is no such channel, 131003 when the user does not subscribe to it.
    public func modifySubscriber(
        _ user: String,
        of channel: String,
        customString: String,
        idempotencyKey: String? = nil
    ) async throws(RostrumError) {
        let body: JSONObject = [
            "Official_Account": .string(channel), "Subscriber_Account": .string(user),
            "CustomString": .string(customString),
        ]
        try await write("\(Self.service)/modify_subscriber_info", body, idempotencyKey)
    }
}

extension WireObject {
    fileprivate func outcome<Outcome>(_ outcome: (Int64) -> Outcome?) throws(WireFault) -> Outcome {
        let result = try integer("Result")
        guard let outcome = outcome(result) else { throw WireFault("Result", "is \(result) and none of 0, 1, 2") }
        return outcome
    }
}

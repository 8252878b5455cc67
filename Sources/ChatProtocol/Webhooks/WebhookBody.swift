/// The bodies of the webhooks of official channels.
///
/// `CallbackCommand` comes first and `EventTime` last, in milliseconds since 1970: the parameter `at` everywhere.
///
/// Source: spec/webhooks-official-channels.md section 3.
package enum WebhookBody {
    /// The channel's ID is not in it, not even one that the caller chose.
    package static func beforeCreate(
        operator caller: UserID,
        owner: UserID,
        name: String,
        at milliseconds: Int64
    ) -> JSONObject {
        [
            "CallbackCommand": .command(.beforeCreate),
            "Operator_Account": .user(caller),
            "Owner_Account": .user(owner),
            "Name": .string(name),
            "EventTime": .integer(milliseconds),
        ]
    }

    package static func afterCreate(
        channel: ChannelID,
        operator caller: UserID,
        owner: UserID,
        name: String,
        at milliseconds: Int64
    ) -> JSONObject {
        [
            "CallbackCommand": .command(.afterCreate),
            "Official_Account": .channel(channel),
            "Operator_Account": .user(caller),
            "Owner_Account": .user(owner),
            "Name": .string(name),
            "EventTime": .integer(milliseconds),
        ]
    }

    /// Holds only the new values that are given; other fields of a channel are never in it.
    package static func afterInfoChanged(
        channel: ChannelID,
        operator caller: UserID,
        introduction: String?,
        name: String?,
        faceURL: String?,
        organization: String?,
        at milliseconds: Int64
    ) -> JSONObject {
        let changes = [
            ("Introduction", introduction), ("Name", name), ("FaceUrl", faceURL), ("Organization", organization),
        ]
        let start: JSONObject = [
            "CallbackCommand": .command(.afterInfoChanged),
            "Official_Account": .channel(channel),
            "Operator_Account": .user(caller),
        ]
        let changed = changes.compactMap { name, value in
            value.map { JSONObject.Member(name: name, value: .string($0)) }
        }
        return JSONObject(start.members + changed + [.init(name: "EventTime", value: .integer(milliseconds))])
    }

    /// Says nothing of who destroyed it.
    package static func afterDestroyed(
        channel: ChannelID,
        owner: UserID,
        name: String,
        at milliseconds: Int64
    ) -> JSONObject {
        [
            "CallbackCommand": .command(.afterDestroyed),
            "Official_Account": .channel(channel),
            "Owner_Account": .user(owner),
            "Name": .string(name),
            "EventTime": .integer(milliseconds),
        ]
    }

    /// - Parameter subscribers: the users who want to subscribe, or for whom a backend asks.
    package static func beforeAddSubscriber(
        channel: ChannelID,
        operator caller: UserID,
        subscribers: [UserID],
        at milliseconds: Int64
    ) -> JSONObject {
        body(.beforeAddSubscriber, channel, operator: caller, subscribers: subscribers, at: milliseconds)
    }

    /// - Parameter subscribers: the users who did subscribe.
    package static func afterAddSubscriber(
        channel: ChannelID,
        operator caller: UserID,
        subscribers: [UserID],
        at milliseconds: Int64
    ) -> JSONObject {
        body(.afterAddSubscriber, channel, operator: caller, subscribers: subscribers, at: milliseconds)
    }

    package static func afterFull(channel: ChannelID, at milliseconds: Int64) -> JSONObject {
        [
            "CallbackCommand": .command(.afterFull),
            "Official_Account": .channel(channel),
            "EventTime": .integer(milliseconds),
        ]
    }

    /// - Parameter subscribers: the users who are no longer subscribed.
    package static func afterDeleteSubscriber(
        channel: ChannelID,
        operator caller: UserID,
        subscribers: [UserID],
        at milliseconds: Int64
    ) -> JSONObject {
        body(.afterDeleteSubscriber, channel, operator: caller, subscribers: subscribers, at: milliseconds)
    }

    /// - Parameter cloudCustomData: nil is sent as an empty string.
    package static func beforeSend(
        channel: ChannelID,
        isOnlineOnly: Bool,
        elements: [JSONValue],
        cloudCustomData: String?,
        at milliseconds: Int64
    ) -> JSONObject {
        [
            "CallbackCommand": .command(.beforeSend),
            "Official_Account": .channel(channel),
            "OnlineOnlyFlag": .integer(isOnlineOnly ? 1 : 0),
            "MsgBody": .array(elements),
            "CloudCustomData": .string(cloudCustomData ?? ""),
            "EventTime": .integer(milliseconds),
        ]
    }

    /// - Parameters:
    ///   - key: its seconds are `MsgTime`.
    ///   - elements: what was sent, which may be what the "before" webhook made of it.
    ///   - cloudCustomData: nil is sent as an empty string.
    package static func afterSend(
        channel: ChannelID,
        key: MessageKey,
        isOnlineOnly: Bool,
        elements: [JSONValue],
        cloudCustomData: String?,
        at milliseconds: Int64
    ) -> JSONObject {
        [
            "CallbackCommand": .command(.afterSend),
            "Official_Account": .channel(channel),
            "MsgKey": .key(key),
            "MsgTime": .integer(key.seconds),
            "OnlineOnlyFlag": .integer(isOnlineOnly ? 1 : 0),
            "MsgBody": .array(elements),
            "CloudCustomData": .string(cloudCustomData ?? ""),
            "EventTime": .integer(milliseconds),
        ]
    }

    /// - Parameter keys: the messages that were recalled.
    package static func afterRecall(
        channel: ChannelID,
        keys: [MessageKey],
        at milliseconds: Int64
    ) -> JSONObject {
        [
            "CallbackCommand": .command(.afterRecall),
            "Official_Account": .channel(channel),
            "WithdrawMsgList": .array(keys.map { .object(["MsgKey": .key($0)]) }),
            "EventTime": .integer(milliseconds),
        ]
    }

    /// The list is called `SubscribeAccountList` here; `SubscriberList` is its name in REST calls.
    private static func body(
        _ command: WebhookCommand,
        _ channel: ChannelID,
        operator caller: UserID,
        subscribers: [UserID],
        at milliseconds: Int64
    ) -> JSONObject {
        [
            "CallbackCommand": .command(command),
            "Official_Account": .channel(channel),
            "Operator_Account": .user(caller),
            "SubscribeAccountList": .array(subscribers.map { .object(["Subscriber_Account": .user($0)]) }),
            "EventTime": .integer(milliseconds),
        ]
    }
}

extension JSONValue {
    fileprivate static func command(_ command: WebhookCommand) -> JSONValue { .string(command.rawValue) }

    fileprivate static func key(_ key: MessageKey) -> JSONValue { .string(key.rawValue) }
}

import ChatProtocol
import RostrumTesting

/// Official channels in memory, as spec/official-channels.md and design section 9 describe them: what the server must
/// answer, without storage and without concurrency.
///
/// It judges requests that are well formed; what a malformed one answers is known to whoever spoils it.
struct ChannelModel {
    struct Subscriber {
        let user: String
        /// In milliseconds.
        let since: Int64
        /// The place of the call that added him: who came together goes by name.
        let call: Int
        var customString = ""
    }

    struct Post {
        let seq: Int64
        let sentAt: Int64
        let random: Int64
        let body: JSONValue
        let customData: String?
        let isOnlineOnly: Bool
        var isRecalled = false

        var key: String { "\(seq)_1_\(sentAt / 1000)" }
    }

    struct Channel {
        /// Unlike that of an earlier channel of the same ID.
        let incarnation: Int
        let owner: String
        let createdAt: Int64
        var texts: [String: String]
        var maxSubscribers: Int64
        var subscribers: [Subscriber] = []
        var posts: [Post] = []
        var lastMessage: Int64 = 0
    }

    enum Answer {
        case refused(Int)
        case done(JSONObject)
    }

    /// Where a page of subscribers ended.
    struct Cursor {
        let channel: String
        let incarnation: Int
        let call: Int
        let user: String
    }

    /// Stands for an ID that the server makes.
    static let generatedID = "<made by the server>"
    /// Stands for a cursor that is not empty.
    static let someCursor = "<a cursor>"

    static let texts = ["Name", "Introduction", "FaceUrl", "Organization", "CustomString"]
    static let channelQuota = 3
    static let defaultMaxSubscribers: Int64 = 4
    static let largestMaxSubscribers: Int64 = 9
    static let messageBytes = 600
    private static let week: Int64 = 7 * 86_400_000

    /// In milliseconds.
    var now: Int64
    let accounts: Set<String>
    /// How many broadcasts of a channel fall into how many milliseconds, at most.
    let broadcastLimits: [(count: Int, period: Int64)]
    private(set) var channels: [String: Channel] = [:]
    private(set) var cursors: [String: Cursor] = [:]
    private var made = 0
    private var calls = 0
    private var pending: Cursor?

    init(now: Int64, accounts: Set<String>, broadcastLimits: [(count: Int, period: Int64)]) {
        (self.now, self.accounts, self.broadcastLimits) = (now, accounts, broadcastLimits)
    }

    /// Learns what the server made in place of ``generatedID`` and ``someCursor`` of the last answer.
    mutating func learn(id: String) {
        channels[id] = channels.removeValue(forKey: Self.generatedID)
    }

    mutating func learn(cursor: String) {
        cursors[cursor] = pending
    }

    mutating func answer(_ command: String, _ body: JSONObject) -> Answer {
        calls += 1
        switch command {
        case "create_official_account": return create(body)
        case "get_official_account_info": return info(body)
        case "get_subscribed_official_account_list": return subscriptions(body)
        default: break
        }
        let id = (body["Official_Account"] ?? body["OfficialAccount"])?.text ?? ""
        // The two commands on messages use the group service's codes.
        let isAboutMessages = command.hasPrefix("official_account_msg")
        guard var channel = channels[id] else {
            if command == "modify_official_account_base_info", isTooLarge(body) { return .refused(6017) }
            if command == "send_official_account_msg", let code = fault(ofMessage: body) { return .refused(code) }
            return .refused(isAboutMessages ? 10010 : 130_004)
        }
        let answer: Answer =
            switch command {
            case "destroy_official_account": .done([:])
            case "modify_official_account_base_info": modify(&channel, body)
            case "add_subscriber": add(to: &channel, body)
            case "delete_subscriber": remove(from: &channel, body)
            case "get_subscriber_info": subscribers(of: id, channel, body)
            case "modify_subscriber_info": describe(in: &channel, body)
            case "send_official_account_msg": send(from: &channel, body)
            case "official_account_msg_recall": recall(from: &channel, body)
            case "official_account_msg_get_simple": history(of: id, channel, body)
            default: preconditionFailure("no command \(command)")
            }
        channels[id] = command == "destroy_official_account" ? nil : channel
        return answer
    }

    // B.1 to B.3, B.6

    private mutating func create(_ body: JSONObject) -> Answer {
        guard !isTooLarge(body) else { return .refused(6017) }
        let given = body["OfficialAccountUserID"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        if let given, given.hasPrefix("@TOA#_@TOA#") { return .refused(130_007) }
        let owner = body["Owner_Account"]?.text ?? ""
        if let given, channels[given] != nil { return .refused(130_008) }
        guard accounts.contains(owner) else { return .refused(70107) }
        guard channels.count < Self.channelQuota else { return .refused(130_010) }
        let id = given ?? Self.generatedID
        made += 1
        let texts = Self.texts.map { ($0, body[$0]?.text ?? "") }
        channels[id] = Channel(
            incarnation: made,
            owner: owner,
            createdAt: now,
            texts: Dictionary(uniqueKeysWithValues: texts),
            maxSubscribers: maxSubscribers(body) ?? Self.defaultMaxSubscribers
        )
        return .done(["OfficialAccountUserID": .string(id)])
    }

    private func modify(_ channel: inout Channel, _ body: JSONObject) -> Answer {
        guard !isTooLarge(body) else { return .refused(6017) }
        for name in Self.texts {
            if let text = body[name]?.text { channel.texts[name] = text }
        }
        channel.maxSubscribers = maxSubscribers(body) ?? channel.maxSubscribers
        return .done([:])
    }

    private func info(_ body: JSONObject) -> Answer {
        let wanted = filter(body, "OfficialAccountBaseInfoFilter")
        let items = (body["OfficialAccountIdList"]?.items ?? []).map { item in
            let id = item["Official_Account"]?.text ?? ""
            guard let channel = channels[id] else {
                return JSONValue.object(["Official_Account": .string(id), "ErrorCode": .integer(130_004)])
            }
            return .object(profile(id, channel, wanted))
        }
        return .done(["OfficialAccountInfoList": .array(items)])
    }

    /// Without `ErrorInfo`, whose words are the server's.
    private func profile(_ id: String, _ channel: Channel, _ wanted: [String]?) -> JSONObject {
        var fields = Self.texts.map { ($0, JSONValue.string(channel.texts[$0] ?? "")) }
        fields += [
            ("Owner_Account", .string(channel.owner)), ("CreateTime", .integer(channel.createdAt / 1000)),
            ("LastMsgTime", .integer(channel.lastMessage / 1000)),
            ("SubscriberNum", .integer(Int64(channel.subscribers.count))),
        ]
        let shown = fields.filter { wanted?.contains($0.0) ?? true }
        let all = [("Official_Account", JSONValue.string(id)), ("ErrorCode", .integer(0))] + shown
        return JSONObject(all.map { JSONObject.Member(name: $0.0, value: $0.1) })
    }

    // B.4, B.5, B.7 to B.9

    private func add(to channel: inout Channel, _ body: JSONObject) -> Answer {
        let names = (body["SubscriberList"]?.items ?? []).map { $0["Subscriber_Account"]?.text ?? "" }
        var results: [Int64] = []
        var wantedRoom = false
        for name in names {
            if channel.subscribers.contains(where: { $0.user == name }) {
                results.append(2)
            } else if !accounts.contains(name) {
                results.append(0)
            } else if Int64(channel.subscribers.count) >= channel.maxSubscribers {
                results.append(0)
                wantedRoom = true
            } else {
                channel.subscribers.append(Subscriber(user: name, since: now, call: calls))
                results.append(1)
            }
        }
        if wantedRoom, results.allSatisfy({ $0 == 0 }) { return .refused(130_006) }
        return .done(list(names, results))
    }

    private func remove(from channel: inout Channel, _ body: JSONObject) -> Answer {
        let named = body["SubscriberToDel_Account"]?.items.compactMap(\.text)
        let listed = (body["SubscriberList"]?.items ?? []).map { $0["Subscriber_Account"]?.text ?? "" }
        let names = named ?? listed
        let results = names.map { name in
            let before = channel.subscribers.count
            channel.subscribers.removeAll { $0.user == name }
            return Int64(channel.subscribers.count < before ? 1 : 2)
        }
        return .done(list(names, results))
    }

    private func list(_ names: [String], _ results: [Int64]) -> JSONObject {
        let items = zip(names, results).map { name, result in
            JSONValue.object(["Subscriber_Account": .string(name), "Result": .integer(result)])
        }
        return ["SubscriberList": .array(items)]
    }

    private mutating func subscribers(of id: String, _ channel: Channel, _ body: JSONObject) -> Answer {
        let next = body["Next"]?.text ?? ""
        let limit = Int(given(body, "Limit") ?? 200)
        var rest = channel.subscribers.sorted { ($0.call, $0.user) < ($1.call, $1.user) }
        if !next.isEmpty {
            guard let cursor = cursors[next], cursor.channel == id, cursor.incarnation == channel.incarnation else {
                return .refused(6017)
            }
            rest = rest.filter { ($0.call, $0.user) > (cursor.call, cursor.user) }
        }
        let page = rest.prefix(limit)
        let hasMore = rest.count > limit
        pending = page.last.map {
            Cursor(channel: id, incarnation: channel.incarnation, call: $0.call, user: $0.user)
        }
        return .done([
            "Next": .string(hasMore ? Self.someCursor : ""),
            "SubscriberNum": .integer(Int64(channel.subscribers.count)),
            "SubscriberList": .array(
                page.map { subscriber in
                    .object([
                        "Subscriber_Account": .string(subscriber.user),
                        "SubscribeTime": .integer(subscriber.since / 1000),
                        "CustomString": .string(subscriber.customString),
                        "MsgFlag": .string("AcceptAndNotify"),
                        "LastSendMsgTime": .integer(0),
                    ])
                }
            ),
        ])
    }

    private func describe(in channel: inout Channel, _ body: JSONObject) -> Answer {
        let name = body["Subscriber_Account"]?.text
        guard let position = channel.subscribers.firstIndex(where: { $0.user == name }) else {
            return .refused(131_003)
        }
        channel.subscribers[position].customString = body["CustomString"]?.text ?? ""
        return .done([:])
    }

    private func subscriptions(_ body: JSONObject) -> Answer {
        let user = body["Subscriber_Account"]?.text ?? ""
        guard accounts.contains(user) else { return .refused(70107) }
        let own = filter(body, "SelfInfoFilter")
        let base = filter(body, "OfficialAccountBaseInfoFilter")
        let mine = channels.compactMap { id, channel in
            channel.subscribers.first { $0.user == user }.map { (id: id, channel: channel, subscriber: $0) }
        }.sorted { $0.subscriber.since > $1.subscriber.since }
        let offset = Int(body["Offset"]?.integer ?? 0)
        let page = mine.dropFirst(offset).prefix(Int(given(body, "Limit") ?? 200))
        let end = offset + page.count
        let isComplete = end >= mine.count
        let items = page.map { item in
            let fields: [(String, JSONValue)] = [
                ("SubscribeTime", .integer(item.subscriber.since / 1000)),
                ("CustomString", .string(item.subscriber.customString)),
            ]
            let shown = fields.filter { own?.contains($0.0) ?? true }
            let info = JSONObject(shown.map { JSONObject.Member(name: $0.0, value: $0.1) })
            let members = profile(item.id, item.channel, base).members
            return JSONValue.object(JSONObject(members + [.init(name: "SelfInfo", value: .object(info))]))
        }
        return .done([
            "OfficialAccountInfoList": .array(items),
            "TotalCount": .integer(Int64(mine.count)),
            "CompleteFlag": .integer(isComplete ? 1 : 0),
            "Next": .integer(isComplete ? 0 : Int64(end)),
        ])
    }

    // B.10 to B.12

    private func fault(ofMessage body: JSONObject) -> Int? {
        let leavesLastMessage = body["SendMsgControl"]?.items.contains { $0.text == "NoLastMsg" } ?? false
        if body["OnlineOnlyFlag"]?.integer == 1, leavesLastMessage { return 6017 }
        let size = (body["MsgBody"]?.canonicalText.utf8.count ?? 0) + (body["CloudCustomData"]?.text?.utf8.count ?? 0)
        return size > Self.messageBytes ? 80002 : nil
    }

    private func send(from channel: inout Channel, _ body: JSONObject) -> Answer {
        if let code = fault(ofMessage: body) { return .refused(code) }
        let content = body["MsgBody"] ?? .null
        let data = body["CloudCustomData"]?.text
        let random = body["Random"]?.integer ?? 0
        let repeated = channel.posts.last { post in
            post.random == random && post.body == content && (post.customData ?? "") == (data ?? "")
                && now - post.sentAt < 300_000
        }
        if let repeated { return .done(sent(repeated)) }
        for (count, period) in broadcastLimits {
            guard channel.posts.count(where: { now - $0.sentAt < period }) < count else { return .refused(10023) }
        }
        let post = Post(
            seq: Int64(channel.posts.count) + 1,
            sentAt: now,
            random: random,
            body: content,
            customData: data,
            isOnlineOnly: body["OnlineOnlyFlag"]?.integer == 1
        )
        channel.posts.append(post)
        channel.lastMessage = now
        return .done(sent(post))
    }

    private func sent(_ post: Post) -> JSONObject {
        ["MsgTime": .integer(post.sentAt / 1000), "MsgKey": .string(post.key)]
    }

    private func recall(from channel: inout Channel, _ body: JSONObject) -> Answer {
        let items = (body["MsgKeyList"]?.items ?? []).map { item in
            let key = item.text ?? ""
            let position = channel.posts.firstIndex {
                $0.key == key && !$0.isOnlineOnly && !$0.isRecalled && now - $0.sentAt < Self.week
            }
            if let position { channel.posts[position].isRecalled = true }
            return JSONValue.object(["MsgKey": .string(key), "RetCode": .integer(position == nil ? 10030 : 0)])
        }
        return .done(["RecallRetList": .array(items)])
    }

    private func history(of id: String, _ channel: Channel, _ body: JSONObject) -> Answer {
        let key = body["LastMsgKey"]?.text ?? ""
        let bound = key.isEmpty ? .max : Int64(key.prefix { $0 != "_" }) ?? .max
        let number = given(body, "ReqMsgNumber") ?? 20
        let showsRecalled = body["WithRecalledMsg"]?.integer == 1
        let older = channel.posts.filter { post in
            post.seq < bound && !post.isOnlineOnly && (showsRecalled || !post.isRecalled)
        }
        let page = older.suffix(Int(min(number, 20)))
        let isExpired = { (post: Post) in !post.isRecalled && now - post.sentAt >= Self.week }
        let finished: Int64 =
            if number > 20, older.count > page.count { 0 } else {
                page.isEmpty || !page.allSatisfy(isExpired) ? 1 : 2
            }
        let items = page.map { post in
            let isPlaceholder = post.isRecalled || isExpired(post)
            var members: [(String, JSONValue)] = [
                ("From_Account", .string(id)), ("IsPlaceMsg", .integer(post.isRecalled ? 2 : isPlaceholder ? 1 : 0)),
                ("MsgSeq", .integer(post.seq)), ("MsgKey", .string(post.key)),
                ("MsgTimeStamp", .integer(post.sentAt / 1000)), ("MsgRandom", .integer(post.random)),
                ("MsgBody", isPlaceholder ? .array([]) : post.body),
            ]
            if let data = post.customData, !isPlaceholder { members.append(("CloudCustomData", .string(data))) }
            return JSONValue.object(JSONObject(members.map { JSONObject.Member(name: $0.0, value: $0.1) }))
        }
        return .done([
            "Official_Account": .string(id),
            "IsFinished": .integer(finished),
            "LastMsgKey": .string(page.first?.key ?? ""),
            "RspMsgList": .array(items),
        ])
    }

    /// An optional number, for which 0 means that it is not given.
    private func given(_ body: JSONObject, _ name: String) -> Int64? {
        body[name]?.integer.flatMap { $0 == 0 ? nil : $0 }
    }

    private func maxSubscribers(_ body: JSONObject) -> Int64? { given(body, "MaxSubscriberNum") }

    private func isTooLarge(_ body: JSONObject) -> Bool {
        maxSubscribers(body).map { $0 > Self.largestMaxSubscribers } ?? false
    }

    /// Nil for everything.
    private func filter(_ body: JSONObject, _ name: String) -> [String]? {
        let names = body["ResponseFilter"]?[name]?.items.compactMap(\.text) ?? []
        return names.isEmpty ? nil : names
    }
}

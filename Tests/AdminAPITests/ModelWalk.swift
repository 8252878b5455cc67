import ChatProtocol
import RostrumTesting

/// Makes up calls of the family's twelve commands, most of them sensible where the model stands, some not.
struct ModelWalk {
    struct Step {
        let command: String
        var body: JSONValue
        /// The code of a body that is malformed; nil for one that the model judges.
        var fault: Int?
        /// How far the clock goes before it, in milliseconds.
        let pause: Int64
    }

    static let accounts = ["administrator", "anna", "bella", "carl", "dora", "emil", "fritz"]
    private static let channels = ["@TOA#_a", "@TOA#_b", "@TOA#_c", "@TOA#_ d~"]
    private static let fields = [
        "CreateTime", "Name", "Owner_Account", "LastMsgTime", "SubscriberNum", "Introduction", "FaceUrl",
        "Organization", "CustomString", "Unheard",
    ]
    /// In thousandths, an hour's and a week's edges among them; none lands exactly on one.
    private static let pauses: [Int64] = [
        1, 3, 250, 999, 1001, 5003, 61_007, 299_011, 301_013, 1_800_017, 3_590_000, 3_600_019, 86_400_023,
        604_000_000, 604_800_029,
    ]

    private var dice: SeededGenerator
    private let prefersBroadcasts: Bool
    /// Every channel, key and cursor that there ever was: some are gone.
    private var ids = channels
    private var keys = ["1_1_1767225600", "0_1_0", "1_2_3", "", "key", "99_1_1767225600"]
    private var cursors: [String] = []

    init(seed: UInt64, prefersBroadcasts: Bool) {
        dice = SeededGenerator(seed: seed)
        self.prefersBroadcasts = prefersBroadcasts
    }

    mutating func remember(id: String) { ids.append(id) }
    mutating func remember(key: String) { keys.append(key) }
    mutating func remember(cursor: String) { cursors.append(cursor) }

    mutating func step(_ model: ChannelModel) -> Step {
        let command = command(model)
        let body = body(of: command, model)
        let pause = chance(70) ? Self.pauses[dice.below(5)] : dice.one(of: Self.pauses)
        var step = Step(command: command, body: .object(body), pause: pause)
        if chance(12) { spoil(&step, body) }
        return step
    }

    private mutating func command(_ model: ChannelModel) -> String {
        if model.channels.isEmpty, chance(70) { return "create_official_account" }
        if prefersBroadcasts, chance(70) {
            return chance(75) ? "send_official_account_msg" : "official_account_msg_get_simple"
        }
        let weights = [
            ("create_official_account", 12), ("destroy_official_account", 4),
            ("modify_official_account_base_info", 8), ("get_official_account_info", 10), ("add_subscriber", 18),
            ("delete_subscriber", 9), ("get_subscriber_info", 12), ("modify_subscriber_info", 7),
            ("get_subscribed_official_account_list", 10), ("send_official_account_msg", 20),
            ("official_account_msg_recall", 8), ("official_account_msg_get_simple", 12),
        ]
        var left = dice.below(weights.reduce(0) { $0 + $1.1 })
        for (command, weight) in weights {
            guard left >= weight else { return command }
            left -= weight
        }
        preconditionFailure("the dice fell off the table")
    }

    private mutating func body(of command: String, _ model: ChannelModel) -> JSONObject {
        var members: [(String, JSONValue)] = []
        let id = channel(model)
        switch command {
        case "create_official_account":
            members = [("Owner_Account", .string(account())), ("Name", .string(text(of: 1...150)))]
            if chance(75) { members.append(("OfficialAccountUserID", .string(chance(90) ? dice.one(of: ids) : ""))) }
            members += profile(named: false)
        case "modify_official_account_base_info":
            members = [(chance(80) ? "Official_Account" : "OfficialAccount", .string(id))] + profile(named: true)
        case "get_official_account_info":
            let items = (0...dice.below(4)).map { _ in JSONValue.object(["Official_Account": .string(channel(model))]) }
            members = [("OfficialAccountIdList", .array(items))] + filter(own: false)
        case "get_subscribed_official_account_list":
            members = [("Subscriber_Account", .string(account()))] + filter(own: true)
            if chance(50) { members.append(("Offset", .integer(Int64(dice.below(4))))) }
            if chance(50) { members.append(("Limit", .integer(Int64(dice.below(3))))) }
        default:
            members = [("Official_Account", .string(id))]
            members += details(of: command, id, model)
        }
        return object(members)
    }

    private mutating func details(of command: String, _ id: String, _ model: ChannelModel) -> [(String, JSONValue)] {
        switch command {
        case "add_subscriber": return [("SubscriberList", accounts(asObjects: true))]
        case "delete_subscriber":
            var members: [(String, JSONValue)] = []
            if chance(60) { members.append(("SubscriberToDel_Account", accounts(asObjects: false))) }
            if members.isEmpty || chance(20) { members.append(("SubscriberList", accounts(asObjects: true))) }
            return members
        case "get_subscriber_info":
            var members: [(String, JSONValue)] = []
            if chance(70) { members.append(("Limit", .integer(Int64(dice.below(4))))) }
            if chance(60) { members.append(("Next", .string(cursors.isEmpty ? "" : cursors[recent(cursors.count)]))) }
            return members
        case "modify_subscriber_info":
            let users = model.channels[id]?.subscribers.map(\.user) ?? []
            let user = users.isEmpty || chance(25) ? account() : dice.one(of: users)
            return [("Subscriber_Account", .string(user)), ("CustomString", .string(text(of: 0...3000)))]
        case "send_official_account_msg": return message()
        case "official_account_msg_recall":
            let some = (0...dice.below(3)).map { _ in JSONValue.string(key()) }
            return [("MsgKeyList", .array(some))] + (chance(50) ? [("Reason", .string(text(of: 0...100)))] : [])
        case "official_account_msg_get_simple":
            var members: [(String, JSONValue)] = []
            let numbers: [Int64] = [0, 1, 2, 3, 19, 20, 21, 200]
            if chance(70) { members.append(("ReqMsgNumber", .integer(dice.one(of: numbers)))) }
            let valid = keys.filter { $0.split(separator: "_").count == 3 && $0.contains("_1_") && $0.first != "0" }
            if chance(50) { members.append(("LastMsgKey", .string(valid[recent(valid.count)]))) }
            if chance(50) { members.append(("WithRecalledMsg", .integer(Int64(dice.below(2))))) }
            return members
        default: return []
        }
    }

    private mutating func message() -> [(String, JSONValue)] {
        let words =
            chance(4) ? String(repeating: "long", count: 160) : dice.one(of: ["Ferry", "潮汐", "e\u{301}", "\u{E9}"])
        var elements = [JSONValue(#"{"MsgType":"TIMTextElem","MsgContent":{"Text":"\#(words)"}}"#)]
        if chance(20) { elements.append(JSONValue(#"{"MsgType":"TIMFaceElem","MsgContent":{"Index":1}}"#)) }
        var members: [(String, JSONValue)] = [
            ("Random", .integer(dice.one(of: [0, 1, 2, 4_294_967_295]))), ("MsgBody", .array(elements)),
        ]
        // Enough different messages that not everything is a duplicate.
        if chance(60) { members.append(("CloudCustomData", .string(chance(30) ? "" : "\(dice.below(1000))"))) }
        if chance(15) { members.append(("OnlineOnlyFlag", .integer(Int64(dice.below(2))))) }
        if chance(15) { members.append(("SendMsgControl", .array([.string("NoLastMsg")]))) }
        if chance(10) {
            members.append(("OfflinePushInfo", .object(["PushFlag": .integer(1), "Title": .string("t")])))
        }
        if chance(10) { members.append(("ForbidCallbackControl", .array([.string("ForbidAfterSendMsgCallback")]))) }
        return members
    }

    private mutating func profile(named: Bool) -> [(String, JSONValue)] {
        var members: [(String, JSONValue)] = []
        if named, chance(50) { members.append(("Name", .string(text(of: 1...150)))) }
        for (name, longest) in [
            ("Introduction", 400), ("FaceUrl", 500), ("Organization", 500), ("CustomString", 3000),
        ] where chance(30) {
            members.append((name, .string(text(of: 0...longest))))
        }
        let numbers: [Int64] = [0, 1, 2, 3, 9, 10, 4_294_967_295]
        if chance(50) { members.append(("MaxSubscriberNum", .integer(numbers[dice.below(chance(90) ? 5 : 7)]))) }
        return members
    }

    private mutating func filter(own: Bool) -> [(String, JSONValue)] {
        guard chance(50) else { return [] }
        var members: [(String, JSONValue)] = []
        let names = (0..<dice.below(4)).map { _ in JSONValue.string(dice.one(of: Self.fields)) }
        if chance(80) { members.append(("OfficialAccountBaseInfoFilter", .array(names))) }
        let ownNames = (0..<dice.below(3)).map { _ in JSONValue.string(dice.one(of: ["SubscribeTime", "CustomString"]))
        }
        if own, chance(60) { members.append(("SelfInfoFilter", .array(ownNames))) }
        return [("ResponseFilter", .object(object(members)))]
    }

    private mutating func accounts(asObjects: Bool) -> JSONValue {
        let names = (0...dice.below(4)).map { _ in JSONValue.string(account()) }
        return .array(asObjects ? names.map { .object(["Subscriber_Account": $0]) } : names)
    }

    private mutating func account() -> String {
        chance(88) ? dice.one(of: Self.accounts) : dice.one(of: ["ghost", "no name at all!", "Anna"])
    }

    private mutating func channel(_ model: ChannelModel) -> String {
        let there = model.channels.keys.sorted()
        return there.isEmpty || chance(12) ? dice.one(of: ids) : dice.one(of: there)
    }

    private mutating func key() -> String {
        keys[recent(keys.count)]
    }

    /// A position, more often one of the last than of the first.
    private mutating func recent(_ count: Int) -> Int {
        max(dice.below(count), chance(70) ? count - 1 - dice.below(min(count, 5)) : 0)
    }

    private mutating func text(of length: ClosedRange<Int>) -> String {
        switch dice.below(10) {
        case 0: String(repeating: "x", count: length.upperBound)
        case 1: String(repeating: "x", count: length.lowerBound)
        default: "\(dice.one(of: ["Hafen", "港", "e\u{301}", #"\"{}"#]))\(dice.below(100))"
        }
    }

    private mutating func chance(_ percent: Int) -> Bool {
        dice.below(100) < percent
    }

    private func object(_ members: [(String, JSONValue)]) -> JSONObject {
        JSONObject(members.map { JSONObject.Member(name: $0.0, value: $0.1) })
    }

    // What is wrong with a request, one thing at a time.

    private enum Kind {
        case channelID, account, text(longest: Int), number(ClosedRange<Int64>), list(most: Int), message
    }

    private static let kinds: [String: Kind] = [
        "Official_Account": .channelID, "OfficialAccountUserID": .channelID, "Owner_Account": .account,
        "Subscriber_Account": .account, "Name": .text(longest: 150), "Introduction": .text(longest: 400),
        "FaceUrl": .text(longest: 500), "Organization": .text(longest: 500), "CustomString": .text(longest: 3000),
        "Reason": .text(longest: 100), "MaxSubscriberNum": .number(0...4_294_967_295), "Limit": .number(0...200),
        "Offset": .number(0...4_294_967_295), "Random": .number(0...4_294_967_295), "OnlineOnlyFlag": .number(0...1),
        "ReqMsgNumber": .number(0...4_294_967_295), "WithRecalledMsg": .number(0...1), "MsgBody": .message,
        "OfficialAccountIdList": .list(most: 50), "SubscriberToDel_Account": .list(most: 100),
        "MsgKeyList": .list(most: 10),
    ]

    private mutating func spoil(_ step: inout Step, _ body: JSONObject) {
        let invalid = step.command.hasPrefix("official_account_msg") ? 10004 : 6017
        if chance(5) { return (step.body, step.fault) = (.array([step.body]), 20001) }
        let candidates = body.members.filter { Self.kinds[$0.name] != nil }
        guard !candidates.isEmpty else { return }
        let member = dice.one(of: candidates)
        guard let kind = Self.kinds[member.name] else { return }
        let isCreating = step.command == "create_official_account"
        var choices: [(JSONValue?, Int)]
        switch kind {
        case .channelID:
            choices = [(.integer(1), 60015), (.array([]), 60015), (.string("news"), 130_007)]
            choices += [(.string("@TOA#_"), 130_007), (.string("@TOA#_" + String(repeating: "x", count: 43)), 130_007)]
            choices += [(.string("@TOA#_\u{7F}"), 130_007), (.string("@TOA#_é"), 130_007)]
            if isCreating {
                choices.append((.string("@TOA#_@TOA#mine"), 130_007))
            } else {
                choices.append((nil, invalid))
            }
        case .account: choices = [(nil, invalid), (.integer(7), 60015), (.bool(true), 60015), (.string(""), invalid)]
        case .text(let longest):
            choices = [(.integer(7), invalid), (.string(String(repeating: "x", count: longest + 1)), invalid)]
            // Bytes count, not characters.
            choices.append((.string(String(repeating: "港", count: longest / 3 + 1)), invalid))
            choices += [(.string("a\0b"), invalid), (.null, invalid)]
        case .number(let range):
            choices = [(.string("1"), invalid), (.integer(range.lowerBound - 1), invalid), (.bool(true), invalid)]
            choices += [(.integer(range.upperBound + 1), invalid), (JSONValue("1.5"), invalid)]
            if member.name == "Random" { choices.append((nil, invalid)) }
        case .list(let most):
            choices = [(.array([]), invalid), (.string("x"), invalid), (.object([:]), invalid)]
            choices.append((.array(Array(repeating: member.value.items.first ?? .null, count: most + 1)), invalid))
        case .message:
            choices = [
                (nil, invalid), (.array([]), invalid), (.string("x"), invalid), (.array([.string("x")]), invalid),
                (JSONValue(#"[{"MsgType":"TIMTextElem","MsgContent":{"Text":1}}]"#), invalid),
                (JSONValue(#"[{"MsgType":"TIMRelayElem","MsgContent":{}}]"#), invalid),
                (JSONValue(#"[{"MsgType":"TIMTextElem"}]"#), invalid),
            ]
        }
        let (value, code) = dice.one(of: choices)
        step.fault = code
        step.body = .object(
            JSONObject(
                body.members.compactMap { other in
                    guard other.name == member.name else { return other }
                    return value.map { JSONObject.Member(name: other.name, value: $0) }
                }
            )
        )
    }
}

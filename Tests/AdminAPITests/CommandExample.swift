import AdminAPI
import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// The least body with which a command succeeds, over what ``TestAPI/prepare()`` has made.
struct CommandExample: Sendable, CustomTestStringConvertible {
    let command: String
    let body: String

    var testDescription: String { command }

    /// One for every command; the catalogue's suite refuses a command without one.
    static let all = [
        CommandExample("create_official_account", #"{"Owner_Account":"anna","Name":"Harbour"}"#),
        CommandExample("destroy_official_account", #"{"Official_Account":"@TOA#_news"}"#),
        CommandExample("modify_official_account_base_info", #"{"Official_Account":"@TOA#_news"}"#),
        CommandExample("get_official_account_info", #"{"OfficialAccountIdList":[{"Official_Account":"@TOA#_news"}]}"#),
        CommandExample(
            "add_subscriber",
            #"{"Official_Account":"@TOA#_news","SubscriberList":[{"Subscriber_Account":"anna"}]}"#
        ),
        CommandExample(
            "delete_subscriber",
            #"{"Official_Account":"@TOA#_news","SubscriberList":[{"Subscriber_Account":"carl"}]}"#
        ),
        CommandExample("get_subscriber_info", #"{"Official_Account":"@TOA#_news"}"#),
        CommandExample(
            "modify_subscriber_info",
            #"{"Official_Account":"@TOA#_news","Subscriber_Account":"carl","CustomString":""}"#
        ),
        CommandExample("get_subscribed_official_account_list", #"{"Subscriber_Account":"anna"}"#),
        CommandExample(
            "send_official_account_msg",
            #"{"Official_Account":"@TOA#_news","Random":1,"#
                + #""MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}"#
        ),
        CommandExample(
            "official_account_msg_recall",
            #"{"Official_Account":"@TOA#_news","MsgKeyList":["1_1_1767225600"]}"#
        ),
        CommandExample("official_account_msg_get_simple", #"{"Official_Account":"@TOA#_news"}"#),
        CommandExample("account_import", #"{"UserID":"bella"}"#),
        CommandExample("multiaccount_import", #"{"Accounts":["bella"]}"#),
        CommandExample("account_delete", #"{"DeleteItem":[{"UserID":"anna"}]}"#),
        CommandExample("account_check", #"{"CheckItem":[{"UserID":"anna"}]}"#),
        CommandExample("kick", #"{"UserID":"anna"}"#),
        CommandExample("query_online_status", #"{"To_Account":["anna"]}"#),
        CommandExample("get_broadcast_receipt", #"{"Official_Account":"@TOA#_news","MsgKey":"1_1_1767225600"}"#),
    ]

    /// Those that change nothing.
    static let reading = Set(Catalogue.cards.filter { !$0.changes }.map(\.name))

    init(_ command: String, _ body: String) {
        (self.command, self.body) = (command, body)
    }

    var object: JSONObject { JSONValue(body).object ?? JSONObject() }
}

extension TestAPI {
    /// Imports `anna` and `carl` and makes the channel `@TOA#_news`, to which `carl` subscribes, and which sent one
    /// broadcast an hour ago.
    func prepare() async throws {
        try await installation.importAccounts("anna", "carl")
        let news = try await installation.channels.create(.example(), for: try await installation.call())
        _ = try await installation.subscribers.add(["carl"], to: news, for: try await installation.call())
        let element = JSONValue(#"{"MsgType":"TIMTextElem","MsgContent":{"Text":"first"}}"#)
        let broadcast = NewBroadcast(channel: news, random: 0, body: try MessageBody([element]))
        _ = try await installation.broadcasts.send(broadcast, for: try await installation.call())
        installation.clock.advance(seconds: 3600)
    }

    /// The card of the command of that name.
    func card(_ command: String) -> CommandCard? {
        catalogue.commands.map { type(of: $0).card }.first { $0.name == command }
    }

    /// Sends an object that a test put together.
    func call(_ command: String, _ object: JSONObject) async throws -> Reply {
        var bytes: [UInt8] = []
        JSONValue.object(object).write(to: &bytes)
        return try await call(command, sending: .complete(bytes))
    }
}

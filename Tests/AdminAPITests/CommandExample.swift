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
        CommandExample("account_import", #"{"UserID":"bella"}"#),
        CommandExample("multiaccount_import", #"{"Accounts":["bella"]}"#),
        CommandExample("account_delete", #"{"DeleteItem":[{"UserID":"anna"}]}"#),
        CommandExample("account_check", #"{"CheckItem":[{"UserID":"anna"}]}"#),
        CommandExample("kick", #"{"UserID":"anna"}"#),
        CommandExample("query_online_status", #"{"To_Account":["anna"]}"#),
    ]

    /// Those that change nothing.
    static let reading: Set = ["get_official_account_info", "account_check", "query_online_status"]

    init(_ command: String, _ body: String) {
        (self.command, self.body) = (command, body)
    }

    var object: JSONObject { JSONValue(body).object ?? JSONObject() }
}

extension TestAPI {
    /// Imports `anna` and makes the channel `@TOA#_news`.
    func prepare() async throws {
        try await installation.importAccounts("anna")
        _ = try await installation.channels.create(.example(), for: try await installation.call())
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

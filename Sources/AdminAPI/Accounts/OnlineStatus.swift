import Chat
import ChatProtocol

/// An account's state as `query_online_status` tells it (spec/accounts.md 8).
struct OnlineStatus {
    static let members = [
        ReplyMember("To_Account", .string, "The account."),
        ReplyMember("Status", .words(["Online", "Offline"]), "Online while it has a live connection, else Offline."),
        ReplyMember(
            "Detail",
            .list(
                .object([
                    ReplyMember("Platform", .words(platforms.map(\.name)), "What it is connected from."),
                    ReplyMember("Status", .words(["Online"]), "Its state there."),
                    ReplyMember("Instid", .integer, "Tells its connections apart.", only: "when IsReturnInstid is 1"),
                ])
            ),
            "One item for each platform; for each connection when IsReturnInstid is 1.",
            only: "when IsNeedDetail is 1 and the account is online"
        ),
    ]

    /// In the order in which they are listed.
    ///
    /// A connection that does not say where it comes from is online all the same, so it is listed, as `Unknown`: a word
    /// that the documentation does not have.
    private static let platforms: [(platform: ClientPlatform, name: String)] = [
        (.iOS, "iPhone"), (.android, "Android"), (.web, "Web"), (.windows, "PC"), (.iPad, "iPad"), (.macOS, "Mac"),
        (.unknown, "Unknown"),
    ]

    /// Whether `Detail` was asked for, and in it each connection.
    let needsDetail, needsInstances: Bool

    func item(_ account: String, _ sessions: [PresentSession]) -> JSONObject {
        let status: JSONObject = [
            "To_Account": .string(account), "Status": .string(sessions.isEmpty ? "Offline" : "Online"),
        ]
        guard needsDetail, !sessions.isEmpty else { return status }
        return JSONObject(status.members + [.init(name: "Detail", value: .array(detail(of: sessions)))])
    }

    private func detail(of sessions: [PresentSession]) -> [JSONValue] {
        Self.platforms.flatMap { platform, name -> [JSONValue] in
            let here = sessions.filter { $0.platform == platform || (platform == .unknown && $0.platform == .restAPI) }
            let item: JSONObject = ["Platform": .string(name), "Status": .string("Online")]
            guard needsInstances else { return here.isEmpty ? [] : [.object(item)] }
            return here.map(\.instance).sorted().map { instance in
                .object(JSONObject(item.members + [.init(name: "Instid", value: .integer(instance))]))
            }
        }
    }
}

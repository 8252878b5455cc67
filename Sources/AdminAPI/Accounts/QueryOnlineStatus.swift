import Chat
import ChatProtocol

/// Querying Account Online Status (spec/accounts.md 8).
///
/// An account is `Online` while it has a live connection, else `Offline`: there are no device tokens yet, so nobody is
/// `PushOnline`, and no custom status.
struct QueryOnlineStatus: Command {
    static let list = ListField(
        "To_Account",
        of: "UserIDs",
        each: AccountNameField("To_Account", mayBeEmpty: true, notString: .onlineStatusAccountInvalid),
        count: 1...500,
        tooMany: .onlineStatusTooManyAccounts
    )
    static let needDetail = IntegerField("IsNeedDetail", 0...1)
    static let returnInstanceID = IntegerField("IsReturnInstid", 0...1)
    static let returnCustomStatus = IntegerField("IsReturnCustomStatus", 0...1)

    static let card = CommandCard(
        path: "openim/query_online_status",
        summary: "Tells of up to 500 accounts whether they are online.",
        documents: [],
        changes: false,
        sample: #"{"To_Account":["107867"],"IsNeedDetail":1}"#,
        fields: [list, needDetail, returnInstanceID, returnCustomStatus],
        codes: .onlineStatus,
        errors: [.onlineStatusAccountInvalid, .onlineStatusTooManyAccounts, .accountNotImported],
        reply: [
            ReplyMember(
                "QueryResult",
                .list(.object(OnlineStatus.members)),
                "One item for each account that is imported."
            ),
            ReplyMember(
                "ErrorList",
                .list(
                    .object([
                        ReplyMember("To_Account", .string, "The account."),
                        ReplyMember("ErrorCode", .integer, "70107: it is not imported."),
                    ])
                ),
                "The accounts that are not imported.",
                only: "when there are any"
            ),
        ]
    )

    let accounts: Accounts
    let presence: any Presence

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let names = try body.items(Self.list)
        let status = OnlineStatus(
            needsDetail: try body.optional(Self.needDetail) == 1,
            needsInstances: try body.optional(Self.returnInstanceID) == 1
        )
        _ = try body.optional(Self.returnCustomStatus)
        let ids = Array(Set(names.compactMap(UserID.init(rawValue:))))
        let imported = try await accounts.imported(among: ids, of: call.application)
        let sessions = await presence.sessions(of: Array(imported), of: call.application.id)
        var results: [JSONValue] = []
        var failures: [JSONValue] = []
        for name in names {
            if let id = UserID(rawValue: name), imported.contains(id) {
                results.append(.object(status.item(name, sessions[id] ?? [])))
            } else {
                let code = Int64(ErrorCode.accountNotImported.rawValue)
                failures.append(.object(["To_Account": .string(name), "ErrorCode": .integer(code)]))
            }
        }
        guard !results.isEmpty else {
            throw ChatError(.accountNotImported, "None of the accounts in To_Account is imported.")
        }
        // ErrorList is absent when every account was answered.
        guard !failures.isEmpty else { return ["QueryResult": .array(results)] }
        return ["QueryResult": .array(results), "ErrorList": .array(failures)]
    }
}

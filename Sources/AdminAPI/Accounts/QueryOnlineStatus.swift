import Chat
import ChatProtocol

/// Querying Account Online Status (spec/accounts.md 8).
///
/// An account is online while it has a live connection; this server has none yet, so every imported account is
/// `Offline`, and an offline account has no `Detail`.
struct QueryOnlineStatus: Command {
    static let list = ListField(
        "To_Account",
        of: "UserIDs",
        count: 1...500,
        tooMany: .onlineStatusTooManyAccounts
    )
    static let name = AccountNameField("To_Account", notString: .onlineStatusAccountInvalid)
    static let needDetail = IntegerField("IsNeedDetail", 0...1)
    static let returnInstanceID = IntegerField("IsReturnInstid", 0...1)
    static let returnCustomStatus = IntegerField("IsReturnCustomStatus", 0...1)

    static let card = CommandCard(
        path: "openim/query_online_status",
        summary: "Tells of up to 500 accounts whether they are online.",
        documents: [],
        fields: [list, needDetail, returnInstanceID, returnCustomStatus],
        codes: .onlineStatus,
        errors: [.onlineStatusAccountInvalid, .onlineStatusTooManyAccounts, .accountNotImported]
    )

    let accounts: Accounts

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let names = try body.items(Self.list, each: Self.name)
        for flag in [Self.needDetail, Self.returnInstanceID, Self.returnCustomStatus] { _ = try body.optional(flag) }
        let imported = try await accounts.imported(
            among: names.compactMap(UserID.init(rawValue:)),
            of: call.application
        )
        var results: [JSONValue] = []
        var failures: [JSONValue] = []
        for name in names {
            if let id = UserID(rawValue: name), imported.contains(id) {
                results.append(.object(["To_Account": .string(name), "Status": .string("Offline")]))
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

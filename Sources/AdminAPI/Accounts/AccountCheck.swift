import Chat
import ChatProtocol

/// Querying Accounts (spec/accounts.md 6).
///
/// An account that is not there is no error of its item.
struct AccountCheck: Command {
    static let items = ListField("CheckItem", of: "objects with UserID", count: 1...100)
    static let name = AccountNameField("UserID")

    static let card = CommandCard(
        path: "im_open_login_svc/account_check",
        summary: "Tells of up to 100 accounts whether they are imported.",
        documents: [],
        fields: [items],
        codes: .accounts,
        errors: [],
        isHalfRate: true
    )

    let accounts: Accounts

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let names = try body.objects(Self.items).map { item throws(ChatError) in try item.required(Self.name) }
        // A name that breaks the rule cannot have been imported.
        let imported = try await accounts.imported(
            among: names.compactMap(UserID.init(rawValue:)),
            of: call.application
        )
        let items = names.map { name in
            let isImported = UserID(rawValue: name).map(imported.contains) ?? false
            return JSONValue.object([
                "UserID": .string(name), "ResultCode": .integer(0), "ResultInfo": .string(""),
                "AccountStatus": .string(isImported ? "Imported" : "NotImported"),
            ])
        }
        return ["ResultItem": .array(items)]
    }
}

import Chat
import ChatProtocol

/// Querying Accounts (spec/accounts.md 6).
///
/// An account that is not there is no error of its item.
struct AccountCheck: Command {
    static let name = AccountNameField("UserID", mayBeEmpty: true)
    static let items = ObjectListField("CheckItem", of: [name], count: 1...100)

    static let card = CommandCard(
        path: "im_open_login_svc/account_check",
        summary: "Tells of up to 100 accounts whether they are imported.",
        documents: [],
        changes: false,
        sample: #"{"CheckItem":[{"UserID":"107867"},{"UserID":"nobody"}]}"#,
        fields: [items],
        codes: .accounts,
        errors: [],
        reply: [
            ReplyMember(
                "ResultItem",
                .list(
                    .object([
                        ReplyMember("UserID", .string, "The account asked about."),
                        ReplyMember("ResultCode", .integers([0]), "0: an account that is not there is no error."),
                        ReplyMember("ResultInfo", .words([""]), "Empty."),
                        ReplyMember("AccountStatus", .words(["Imported", "NotImported"]), "Whether it is imported."),
                    ])
                ),
                "One item for each account, in the order of the request."
            )
        ],
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

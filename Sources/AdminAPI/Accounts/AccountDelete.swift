import Chat
import ChatProtocol

/// Deleting Accounts (spec/accounts.md 5).
///
/// Channels that a deleted account owns stay.
struct AccountDelete: Command {
    static let name = AccountNameField("UserID", mayBeEmpty: true)
    static let items = ObjectListField("DeleteItem", of: [name], count: 1...100)

    static let card = CommandCard(
        path: "im_open_login_svc/account_delete",
        summary: "Deletes up to 100 accounts.",
        documents: [],
        changes: true,
        sample: #"{"DeleteItem":[{"UserID":"anna"}]}"#,
        fields: [items],
        codes: .accounts,
        errors: [.accountNotImported],
        reply: [
            ReplyMember(
                "ResultItem",
                .list(
                    .object([
                        ReplyMember("UserID", .string, "The account."),
                        ReplyMember(
                            "ResultCode",
                            .integer,
                            "0 when it was deleted, 70107 when it is not imported, 70402 when it is an app admin."
                        ),
                        ReplyMember("ResultInfo", .string, "Why it was not deleted; empty when it was."),
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
        let ids = names.compactMap(UserID.init(rawValue:))
        var deletions = try await accounts.delete(ids, for: call)[...]
        let items = names.map { name in
            // A name that breaks the rule was not asked for: it cannot have been imported.
            let deletion = UserID(rawValue: name) == nil ? .notImported : deletions.popFirst() ?? .notImported
            return JSONValue.object(Self.item(name, deletion))
        }
        return ["ResultItem": .array(items)]
    }

    private static func item(_ name: String, _ deletion: Accounts.Deletion) -> JSONObject {
        let (code, info): (ErrorCode, String) =
            switch deletion {
            case .deleted: (.ok, "")
            case .notImported: (.accountNotImported, "Err_TLS_PT_Open_Login_Account_Not_Exist")
            case .isAdmin: (Accounts.Deletion.isAdminRefusal.code, Accounts.Deletion.isAdminRefusal.info)
            }
        return [
            "UserID": .string(name), "ResultCode": .integer(Int64(code.rawValue)), "ResultInfo": .string(info),
        ]
    }
}

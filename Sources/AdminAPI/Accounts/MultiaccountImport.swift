import Chat
import ChatProtocol

/// Importing Multiple Accounts (spec/accounts.md 4), in both shapes; `AccountList` wins over `Accounts`.
///
/// An account that breaks a rule, or finds no room, is named in `FailAccounts`; the others are imported. Only a value
/// that is no string fails the whole call.
struct MultiaccountImport: Command {
    static let name = AccountNameField("UserID", mayBeEmpty: true)
    static let list = ObjectListField(
        "AccountList",
        required: false,
        of: [name, ProfileFields.nick, ProfileFields.faceURL],
        count: 1...100
    )
    static let names = ListField("Accounts", insteadOf: "AccountList", of: "UserIDs", each: name, count: 1...100)

    static let card = CommandCard(
        path: "im_open_login_svc/multiaccount_import",
        summary: "Imports up to 100 accounts.",
        documents: [],
        changes: true,
        sample: #"{"AccountList":[{"UserID":"anna","Nick":"Anna"},{"UserID":"ben"}]}"#,
        fields: [list, names],
        codes: .accounts,
        errors: [],
        reply: [
            ReplyMember(
                "FailAccounts",
                .list(.string),
                "The accounts that break a rule or found no room.",
                only: "when there are any; the others are imported"
            )
        ],
        isHalfRate: true
    )

    let accounts: Accounts

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        var wanted: [(name: String, account: NewAccount?)] = []
        if try body.optional(Self.list) != nil {
            for item in try body.objects(Self.list) {
                let name = try item.required(Self.name)
                wanted.append((name, account(name, item)))
            }
        } else {
            for name in try body.items(Self.names) {
                wanted.append((name, UserID(rawValue: name).map { NewAccount(id: $0) }))
            }
        }
        let refusals = try await accounts.importAll(wanted.compactMap(\.account), for: call)
        let refused = Set(refusals.map(\.id))
        let failed = wanted.filter { $0.account == nil || refused.contains($0.name) }.map(\.name)
        // Absent when every account was imported.
        return failed.isEmpty ? [:] : ["FailAccounts": .array(failed.map(JSONValue.string))]
    }

    /// Nil when the item breaks a rule.
    private func account(_ name: String, _ item: RequestBody) -> NewAccount? {
        guard let id = UserID(rawValue: name) else { return nil }
        do throws(ChatError) {
            return NewAccount(
                id: id,
                nick: try item.optional(ProfileFields.nick),
                faceURL: try item.optional(ProfileFields.faceURL)
            )
        } catch {
            return nil
        }
    }
}

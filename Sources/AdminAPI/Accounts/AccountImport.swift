import Chat
import ChatProtocol

/// Importing a Single Account (spec/accounts.md 3).
struct AccountImport: Command {
    static let card = CommandCard(
        path: "im_open_login_svc/account_import",
        summary: "Imports one account, or updates the nick and picture of one that is there.",
        documents: [],
        changes: true,
        sample: #"{"UserID":"anna","Nick":"Anna","FaceUrl":"https://img.example.net/a.png"}"#,
        fields: [ProfileFields.userID, ProfileFields.nick, ProfileFields.faceURL],
        codes: .accounts,
        errors: [.profileValueTooLong, .accountQuotaExceeded, .accountRecentlyDeleted],
        reply: []
    )

    let accounts: Accounts

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let account = NewAccount(
            id: try body.required(ProfileFields.userID),
            nick: try body.optional(ProfileFields.nick),
            faceURL: try body.optional(ProfileFields.faceURL)
        )
        try await accounts.import(account, for: call)
        return [:]
    }
}

import Chat
import ChatProtocol

/// Invalidating Account Login Status (spec/accounts.md 7).
struct Kick: Command {
    /// Pages before 2023 say `Identifier`.
    static let name = AccountNameField("UserID", aliases: ["Identifier"])

    static let card = CommandCard(
        path: "im_open_login_svc/kick",
        summary: "Makes every UserSig void that was issued for an account up to now.",
        documents: [],
        changes: true,
        sample: #"{"UserID":"107867"}"#,
        fields: [name],
        codes: .accounts,
        errors: [.accountNotImported],
        reply: []
    )

    let accounts: Accounts

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let name = try body.required(Self.name)
        guard let id = UserID(rawValue: name) else {
            throw ChatError(.accountNotImported, "There is no account of that name: a UserID is \(UserID.rule).")
        }
        try await accounts.kick(id, for: call)
        return [:]
    }
}

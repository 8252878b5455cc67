package import ChatProtocol
import Database

extension Accounts {
    /// Gives an account what `change` makes of it as it is; nobody else changes it meanwhile.
    ///
    /// A change of nothing does nothing.
    ///
    /// - Parameter change: what it throws leaves the account as it is.
    /// - Throws: 70107 when there is no such account, and what `change` throws.
    package func update(
        _ id: UserID,
        for call: Call,
        _ change: @escaping @Sendable (Account) throws(ChatError) -> ProfileChange
    ) async throws(ChatError) {
        let application = call.application.id
        _ = try await database.write(for: call) { tx throws(ChatError) in
            guard let account = try AccountTable.lock(id, of: application, in: tx) else { throw .noAccount(id) }
            let change = try change(account)
            guard change.nick != nil || change.faceURL != nil else { return Done() }
            let changed = NewAccount(id: id, nick: change.nick, faceURL: change.faceURL)
            try AccountTable.update(changed, of: application, in: tx)
            try Audit.record("account_import", of: id.rawValue, by: call, in: tx)
            return Done()
        }
    }
}

/// What shall be different about an account; nil leaves a thing as it is.
package struct ProfileChange: Sendable {
    package let nick: String?
    package let faceURL: String?

    /// - Throws: 40601 when a value is too long, 70402 when it holds NUL.
    package init(nick: String?, faceURL: String?) throws(ChatError) {
        try NewAccount.demandAllowed(nick: nick, faceURL: faceURL)
        (self.nick, self.faceURL) = (nick, faceURL)
    }
}

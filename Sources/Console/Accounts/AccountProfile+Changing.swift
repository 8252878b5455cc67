import Chat
import ChatProtocol

extension AccountProfile {
    /// What the form has otherwise than the account.
    ///
    /// - Throws: that somebody else has changed the account since the form was shown; 40601 for a value that is too long.
    static func change(_ form: Form, of account: Account, _ texts: Texts) throws(ChatError) -> ProfileChange {
        try form.demand(account.edition, texts)
        func changed(_ field: String, _ stored: String) -> String? {
            form[field].hasSameBytes(as: stored.asTrimmedField) ? nil : form[field]
        }
        return try ProfileChange(nick: changed("nick", account.nick), faceURL: changed("face", account.faceURL))
    }

    /// What was typed otherwise than the account is.
    static func unsaved(_ form: Form, of account: Account, _ texts: Texts) -> [Unsaved] {
        Unsaved.among(
            [
                (texts["account.nick"], form["nick"], account.nick.asTrimmedField),
                (texts["account.face"], form["face"], account.faceURL.asTrimmedField),
            ]
        )
    }
}

extension Account {
    /// Of what the form for a change shows.
    var edition: Edition { Edition([nick, faceURL]) }
}

extension String {
    /// What ``Form/subscript(_:)`` reads from a field of one line that was filled with this text and not touched.
    var asTrimmedField: String { asSent(byLines: false).trimmingWhiteSpace }
}

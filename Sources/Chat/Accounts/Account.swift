package import ChatProtocol

/// An account to be imported.
package struct NewAccount: Sendable {
    /// The longest `Nick` and `FaceUrl`, in bytes.
    package static let longestProfileValue = 500

    package let id: UserID
    /// Nil leaves what is there.
    package let nick: String?
    /// Nil leaves what is there.
    package let faceURL: String?

    package init(id: UserID, nick: String? = nil, faceURL: String? = nil) {
        (self.id, self.nick, self.faceURL) = (id, nick, faceURL)
    }
}

extension NewAccount {
    /// An account as a person wrote it down.
    ///
    /// - Throws: 70402 when a name or a value breaks its rule, 40601 when a value is too long.
    package init(named name: String, nick: String?, faceURL: String?) throws(ChatError) {
        let id = try UserID(demanding: name)
        try Self.demandAllowed(nick: nick, faceURL: faceURL)
        self.init(id: id, nick: nick, faceURL: faceURL)
    }

    static func demandAllowed(nick: String?, faceURL: String?) throws(ChatError) {
        let rule = TextRule(bytes: 0...Self.longestProfileValue)
        for (part, value) in [("Nick", nick), ("FaceUrl", faceURL)] {
            guard let value else { continue }
            try rule.demand(value, as: part, or: .accountParameterInvalid, tooLong: .profileValueTooLong)
        }
    }
}

extension UserID {
    /// - Throws: 70402 when the text breaks the rule of names.
    package init(demanding text: String) throws(ChatError) {
        guard let id = UserID(rawValue: text) else {
            throw ChatError(.accountParameterInvalid, "A UserID must be \(Self.rule).")
        }
        self = id
    }
}

/// A user of an application, as it is stored.
package struct Account: Sendable, Equatable {
    package let id: UserID
    package let nick: String
    package let faceURL: String
    package let createdAt: Timestamp
}

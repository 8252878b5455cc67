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

/// A user of an application, as it is stored.
package struct Account: Sendable, Equatable {
    package let id: UserID
    package let nick: String
    package let faceURL: String
    package let createdAt: Timestamp
}

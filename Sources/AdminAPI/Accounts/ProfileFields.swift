import Chat
import ChatProtocol

/// The fields of an account that is imported (spec/accounts.md 3 and 4).
enum ProfileFields {
    /// Pages before 2023 say `Identifier`.
    static let userID = UserIDField("UserID", aliases: ["Identifier"])
    static let nick = TextField("Nick", bytes: 0...NewAccount.longestProfileValue, tooLong: .profileValueTooLong)
    static let faceURL = TextField("FaceUrl", bytes: 0...NewAccount.longestProfileValue, tooLong: .profileValueTooLong)
}

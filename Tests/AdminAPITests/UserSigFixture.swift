import Chat
import ChatProtocol
import RostrumTesting
import UserSig

/// Tokens of other makers, keys and times.
enum UserSigFixture {
    static func token(
        for identifier: UserID,
        of application: SDKAppID,
        key: String,
        issuedAt: Timestamp,
        lifetime: Int64
    ) -> String {
        UserSig.example(for: identifier, of: application, key: key, issuedAt: issuedAt, lifetime: lifetime)
    }
}

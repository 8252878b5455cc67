import UserSig

/// Where a client gets UserSigs from.
///
/// A client asks for one when it first needs it, before the last one expires, and when the server takes it no more.
public struct UserSigSource: Sendable {
    let make: @Sendable (_ sdkAppID: Int64, _ identifier: String, _ now: Int64) async throws -> String

    /// Makes them with the application's key.
    ///
    /// For programs that nobody else can read: whoever has the key can be any user of the application.
    ///
    /// - Parameters:
    ///   - key: the application's key.
    ///   - lifetimeSeconds: how long each is valid.
    public static func key(_ key: String, lifetimeSeconds: Int64 = 86_400) -> UserSigSource {
        UserSigSource { sdkAppID, identifier, now in
            UserSig.token(
                sdkAppID: sdkAppID,
                identifier: identifier,
                key: key,
                issuedAt: now,
                lifetime: lifetimeSeconds
            )
        }
    }

    /// Asks someone else, such as the app's own backend.
    ///
    /// - Parameter supply: gives a fresh UserSig of the client's user; one that it gave before would be refused again.
    ///   It is never run twice at once. A session cancels it after its timeout, and asks again later.
    public static func supplied(_ supply: @escaping @Sendable () async throws -> String) -> UserSigSource {
        UserSigSource { _, _, _ in try await supply() }
    }
}

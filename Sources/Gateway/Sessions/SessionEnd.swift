import ChatProtocol
import WebSockets

/// Why the server ends a session: what it says first, and the code of the close.
///
/// Codes from 4400 to 4499, 4429 apart, mean that the same login would not do again.
///
/// Source: design section 4, docs/subscriber-protocol.md.
struct SessionEnd: Sendable, Equatable {
    /// The notification that comes before the end, as a frame's text; nil when the close says enough.
    let notification: [UInt8]?
    let code: WebSocketCloseCode
    let reason: String

    /// The account's UserSigs became void.
    static let kicked = SessionEnd(kickedBecause: "kicked", .unauthorized, "kicked; log in with a new UserSig")
    /// A newer session of the user took its place.
    static let replaced = SessionEnd(kickedBecause: "replaced", .replaced, "a newer session took this one's place")
    /// The account is gone.
    static let accountDeleted = SessionEnd(kickedBecause: "deleted", .forbidden, "the account was deleted")
    /// The application is gone, or serves no longer.
    static let applicationDisabled = SessionEnd(kickedBecause: "disabled", .forbidden, "the application is disabled")
    /// The UserSig ran out, or its key is no longer the application's.
    static let userSigExpired = SessionEnd(
        notification: JSONRPC.notification("onUserSigExpired", parameters: Array("{}".utf8)),
        code: .unauthorized,
        reason: "the UserSig has expired; log in with a new one"
    )
    /// The client sent too many requests.
    static let floods = SessionEnd(
        notification: nil,
        code: .policyViolation,
        reason: "more requests than are allowed: \(Session.mostRequests)"
    )
    /// The client sent nothing for too long, not even a pong, and read nothing of what waits for it.
    static let silent = SessionEnd(notification: nil, code: .goingAway, reason: "nothing was heard for too long")
    /// The storage may have lost what the session was told of: it resumes by what is there.
    static let storageChanged = SessionEnd(
        notification: nil,
        code: .goingAway,
        reason: "the storage is another one now; connect again and resume"
    )
    /// The server stops, and does nothing more for the session.
    static let goingAway = SessionEnd(notification: nil, code: .goingAway, reason: "the server is going away")
    /// Binary data has no meaning here.
    static let binary = SessionEnd(notification: nil, code: .unsupportedData, reason: "send JSON-RPC as text")

    private init(notification: [UInt8]?, code: WebSocketCloseCode, reason: String) {
        (self.notification, self.code, self.reason) = (notification, code, reason)
    }

    private init(kickedBecause word: String, _ code: WebSocketCloseCode, _ reason: String) {
        let parameters: JSONObject = ["Reason": .string(word)]
        self.init(
            notification: JSONRPC.notification("onKickedOffline", parameters: parameters.json),
            code: code,
            reason: reason
        )
    }
}

extension WebSocketCloseCode {
    /// The login was refused, or is no longer good; another UserSig may be.
    static let unauthorized = WebSocketCloseCode(rawValue: 4401)
    /// The account or the application is not there for this user.
    static let forbidden = WebSocketCloseCode(rawValue: 4403)
    /// A newer session took the place.
    static let replaced = WebSocketCloseCode(rawValue: 4409)
    /// Too many connections from the address.
    static let tooManyConnections = WebSocketCloseCode(rawValue: 4429)
}

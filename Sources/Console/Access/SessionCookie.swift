import Chat
import ChatProtocol
import Hummingbird

/// What the browser of a signed-in operator keeps.
enum SessionCookie {
    /// The prefix has browsers refuse it from anywhere but this host over TLS.
    private static let secureName = "__Host-rostrum_console"
    private static let name = "rostrum_console"

    /// Over TLS the cookie with the prefix alone counts: another could be from a page of a neighbouring host, for the
    /// visitor to work in a session that is not his.
    ///
    /// - Parameter isUse: as ``Operators/session(_:isUse:)``.
    static func session(
        of request: Request,
        _ operators: Operators,
        isSecure: Bool,
        isUse: Bool
    ) async throws(ChatError) -> OperatorSession? {
        guard let token = request.cookies[isSecure ? secureName : name]?.value else { return nil }
        return try await operators.session(token, isUse: isUse)
    }

    /// - Parameter token: nil takes the cookie away.
    static func set(_ token: String?, in response: inout Response, isSecure: Bool) {
        response.setCookie(
            Cookie(
                name: isSecure ? secureName : name,
                value: token ?? "",
                maxAge: token == nil ? 0 : Int(Operators.longestSession),
                // The prefix of the secure one asks for the whole host.
                path: isSecure ? "/" : Console.path,
                secure: isSecure,
                httpOnly: true,
                sameSite: .strict
            )
        )
    }
}

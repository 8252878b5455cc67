package import Chat
package import ChatProtocol

/// One REST command: what it is called, what it takes, and what it does.
///
/// A command decodes its fields, calls one operation of `Chat` and encodes the outcome; rules stand in `Chat`.
/// docs/adding-a-command.md is the way to make one.
package protocol Command: Sendable {
    static var card: CommandCard { get }

    /// Does what the command is for.
    ///
    /// - Parameters:
    ///   - body: the request's fields; reading one that is wrong throws its documented code.
    ///   - call: an app admin's, authenticated and within its frequency.
    /// - Returns: the fields of the reply beside those of the envelope.
    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject
}

extension Command {
    /// The card of the command behind an existential.
    package var card: CommandCard { Self.card }
}

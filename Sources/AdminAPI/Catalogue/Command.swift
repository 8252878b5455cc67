package import Chat
package import ChatProtocol
import FoundationEssentials

/// One REST command: what it is called, what it takes, and what it does.
///
/// A command decodes its fields, calls one operation of `Chat` and encodes the outcome; rules stand in `Chat`.
/// docs/adding-a-command.md is the way to make one.
package protocol Command: Sendable {
    associatedtype Reply: Encodable, Sendable

    static var card: CommandCard { get }

    /// Does what the command is for.
    ///
    /// - Parameters:
    ///   - body: the request's fields; reading one that is wrong throws its documented code.
    ///   - call: an app admin's, authenticated and within its frequency.
    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> Reply
}

/// The reply of a command that has no field of its own.
package struct EmptyReply: Encodable, Sendable {
    package init() {}
}

extension Command {
    /// The card of the command behind an existential.
    var card: CommandCard { Self.card }

    /// The command's own reply fields as one JSON object.
    func run(_ body: RequestBody, _ call: Call) async throws(ChatError) -> [UInt8] {
        let reply = try await answer(body, call)
        if reply is EmptyReply { return Array("{}".utf8) }
        do {
            return [UInt8](try replyEncoder.encode(reply))
        } catch {
            throw .internalFault(error)
        }
    }
}

private let replyEncoder: JSONEncoder = {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return encoder
}()

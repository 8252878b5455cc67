package import ChatProtocol

/// Why the server or a command cannot start or go on, in an operator's words.
package struct StartError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    /// What an operator may know of an error: unlike a caller, also its cause.
    package init(_ error: ChatError) {
        description = error.cause.map { "\($0)" } ?? error.info
    }
}

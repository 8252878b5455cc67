/// Why an operation was refused; the one error type that crosses rooms.
///
/// `info` is what the caller reads: one plain sentence that says what to change and holds nothing internal.
/// `cause` is for the log alone and never leaves the server.
public struct ChatError: Error, Sendable {
    /// The number on the wire.
    public let code: ErrorCode
    /// `ErrorInfo`: one plain sentence that says what to change.
    public let info: String
    /// What happened underneath, for the log; nil for a refusal that is the caller's affair.
    public let cause: (any Error)?

    /// A refusal that the caller can act on.
    public init(_ code: ErrorCode, _ info: String) {
        self.init(code, info, cause: nil)
    }

    private init(_ code: ErrorCode, _ info: String, cause: (any Error)?) {
        (self.code, self.info, self.cause) = (code, info, cause)
    }

    /// A fault of ours (storage, network): documented as "internal error, retry".
    ///
    /// The code is the channel family's; ``answered(with:)`` gives it the number of another family.
    public static func internalFault(_ cause: any Error) -> ChatError {
        ChatError(.internalFault, "The server could not complete the request; retry it.", cause: cause)
    }

    /// Whether the fault is ours.
    public var isInternalFault: Bool { cause != nil }

    /// The same error under another number.
    public func answered(with code: ErrorCode) -> ChatError {
        ChatError(code, info, cause: cause)
    }
}

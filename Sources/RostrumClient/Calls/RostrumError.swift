public import ChatProtocol

/// Why a call gave no result; everything that a call of ``AdminClient`` or ``SubscriberSession`` throws.
public enum RostrumError: Error, Sendable {
    /// The server understood the call and said no.
    case refused(Refusal)
    /// No answer came: the server was not reached, or the answer was lost on its way.
    ///
    /// Of a call that changes something it is unknown whether it was done.
    case noAnswer(reason: String)
    /// An answer came that is none of the documented ones; the text says where it departs from them.
    ///
    /// Of a call that changes something it is unknown whether it was done.
    case unreadable(String)
    /// The closure that supplies UserSigs threw this.
    case noUserSig(any Error)
    /// A session's request would be longer than the 65,536 bytes that the protocol allows; it was not sent.
    case requestTooLong(bytes: Int)
    /// What the client was made with cannot be used, such as an address that is no URL.
    case misconfigured(String)
    /// The calling task was cancelled.
    ///
    /// Of a call that changes something it is unknown whether it was done.
    case cancelled
}

/// A server's "no", as its envelope tells it (spec/conventions.md section 3).
public struct Refusal: Error, Sendable, Hashable {
    /// `ErrorCode`; compare it with the named ones, such as `.channelNotFound`.
    public let code: ErrorCode
    /// `ErrorInfo`: one sentence in English that says what to change; for people and logs, not for programs.
    public let info: String
    /// `RequestId`: what the server's log calls the call; nil where the protocol has none.
    public let requestID: String?

    /// A refusal as it was received.
    public init(code: ErrorCode, info: String, requestID: String? = nil) {
        (self.code, self.info, self.requestID) = (code, info, requestID)
    }
}

extension RostrumError: CustomStringConvertible {
    /// One line for a log, without any secret.
    public var description: String {
        switch self {
        case .refused(let refusal): "refused: \(refusal)"
        case .noAnswer(let reason): "no answer: \(reason)"
        case .unreadable(let problem): "unreadable answer: \(problem)"
        case .noUserSig(let error): "no UserSig: \(error)"
        case .requestTooLong(let bytes): "the request has \(bytes) bytes and may have 65536"
        case .misconfigured(let problem): "misconfigured: \(problem)"
        case .cancelled: "cancelled"
        }
    }
}

extension Refusal: CustomStringConvertible {
    /// The code, the sentence and the request's ID.
    public var description: String {
        "\(code.rawValue) \(info)" + (requestID.map { " (request \($0))" } ?? "")
    }
}

import ChatProtocol
import NIOCore

/// How the server closed a connection, and what follows (docs/subscriber-protocol.md, Ends).
struct CloseCode: Sendable, Equatable {
    /// 1005 when it gave none (RFC 6455 section 7.1.5).
    let code: Int
    let reason: String

    init(code: Int, reason: String) {
        (self.code, self.reason) = (code, reason)
    }

    init(_ payload: ByteBuffer) {
        var payload = payload
        code = payload.readInteger(as: UInt16.self).map(Int.init) ?? 1005
        reason = String(buffer: payload)
    }

    enum Verdict: Sendable, Equatable {
        /// Connect again, perhaps after the longest pause.
        case reconnect(isSlow: Bool)
        /// Connect again with another UserSig.
        case renew(Refusal)
        /// Do not come back.
        case end
    }

    var verdict: Verdict {
        switch code {
        case 4401: .renew(refusal)
        case 1008, 4429: .reconnect(isSlow: true)
        // What we sent would be the same again, or so would the login.
        case 1002, 1003, 1007, 1009, 4400...4499: .end
        default: .reconnect(isSlow: false)
        }
    }

    /// The envelope in the reason.
    private var refusal: Refusal {
        let envelope = try? WireObject(JSONValue(parsing: Array(reason.utf8)), place: "").refusal()
        return envelope.flatMap { $0 } ?? Refusal(code: .userSigExpired, info: reason)
    }
}

/// Why a UserSig was refused.
///
/// The cases stand in the order in which they are judged (spec/usersig.md section 5): a token with two faults is
/// refused for the first. Neither the cases nor ``explanation`` carry the token, a key or anything read from the token,
/// so both are safe to log and to send.
public enum UserSigError: Error, Equatable, Sendable {
    /// The token is the empty string.
    case empty
    /// The token cannot be taken apart, or its document is not one of algorithm 2.0.
    case malformed(Malformation)
    /// The token was made for another SDKAppID than the request's.
    case wrongApplication
    /// The token was made for another identifier than the request's.
    case wrongIdentifier
    /// The application has no key to verify with.
    case noKey
    /// None of the application's keys made this signature.
    case badSignature
    /// The token's lifetime is over, or was never positive.
    case expired
    /// The token was issued more than ``UserSig/clockSkewSeconds`` after the verifier's now.
    case notYetValid

    /// The step of taking a token apart that failed.
    public enum Malformation: Equatable, Sendable, CaseIterable {
        /// The token is longer than ``UserSig/largestTokenBytes``.
        case tokenTooLong
        /// A character outside `A–Z a–z 0–9 * - _`, padding that is missing or misplaced, or bits set behind the last byte.
        case notBase64
        /// Not one whole zlib stream (RFC 1950): damaged, cut short, failing its Adler-32, or followed by more bytes.
        case notZlib
        /// The stream inflates to more than ``UserSig/largestDocumentBytes``.
        case documentTooLarge
        /// Not a JSON object with every required member in its type and range.
        case badDocument
        /// `TLS.ver` is not `2.0`; the ECDSA tokens of 2019 and before are such.
        case unsupportedVersion
        /// `TLS.sig` or `TLS.userbuf` is not standard Base64 with padding.
        case badMember
    }

    /// The code that Tencent's API answers for this refusal (spec/usersig.md section 5).
    ///
    /// ``malformed(_:)`` and ``notYetValid`` share 70003: the API has no code for a token from the future.
    public var code: Int {
        switch self {
        case .empty: 70002
        case .malformed: 70003
        case .wrongApplication: 70014
        case .wrongIdentifier: 70013
        case .noKey: 70016
        case .badSignature: 70009
        case .expired: 70001
        case .notYetValid: 70003
        }
    }

    /// One sentence or two, in English, that tell the caller what to change.
    public var explanation: String {
        switch self {
        case .empty: "The UserSig is empty: send the token that was made for this identifier."
        case .malformed(let malformation): malformation.explanation
        case .wrongApplication: "The UserSig was made for another SDKAppID: make it for the one in the request."
        case .wrongIdentifier: "The UserSig was made for another identifier: make it for the one in the request."
        case .noKey: "The application has no key to verify a UserSig with: give it one."
        case .badSignature: "The UserSig was signed with another key: make it with this application's key."
        case .expired: "The UserSig has expired: make a new one."
        case .notYetValid: "The UserSig was issued in the future: set the clock of the machine that makes it."
        }
    }
}

extension UserSigError.Malformation {
    fileprivate var explanation: String {
        switch self {
        case .tokenTooLong: "The UserSig is longer than \(UserSig.largestTokenBytes) bytes: send the token alone."
        case .notBase64:
            "The UserSig is not Base64 with * - _ in place of + / =: send it as it was made, escaped only for the URL."
        case .notZlib: "The UserSig does not decompress: send it whole and unchanged."
        case .documentTooLarge:
            "The UserSig holds more than \(UserSig.largestDocumentBytes) bytes: shorten its identifier or userbuf."
        case .badDocument: "The UserSig lacks a member or has one of the wrong type: make it with a current generator."
        case .unsupportedVersion: "The UserSig is not of version 2.0: make it with the HMAC-SHA256 generator."
        case .badMember: "The UserSig's signature or userbuf is not Base64: make it with a current generator."
        }
    }
}

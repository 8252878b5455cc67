package import ChatProtocol
package import UserSig

/// What there is to say of a UserSig: for an operator who wants to know why it is refused.
///
/// It judges by the rules of ``Authentication`` but does not stop at the first fault, counts no failure and remembers
/// nothing.
package struct TokenReport: Sendable {
    /// What the token could not be taken apart for; nil when it could.
    package internal(set) var malformation: UserSigError?
    /// The JSON inside, as far as it could be reached.
    package internal(set) var document: String?
    /// What it says; nil when it could not be taken apart.
    package internal(set) var claims: UserSig?
    /// The account that it was judged for.
    package internal(set) var identifier = ""
    /// What is wrong with it besides, in the order in which a call would be told.
    package internal(set) var faults: [UserSigError] = []
    /// The application's key that made it.
    package internal(set) var signer: Application.Key?
    /// The other application that it says it is of, when that one's key made it.
    package internal(set) var otherSigner: SDKAppID?
    /// The last second whose UserSigs a kick or a deletion made void, when this is one of them.
    package internal(set) var voidUntil: Timestamp?
    /// Whether the account that it is for is imported, and an admin.
    package internal(set) var isImported = false, isAdmin = false

    /// Whether a call with it would be let in.
    package var isGood: Bool { claims != nil && faults.isEmpty && voidUntil == nil }

    /// The code that a call with it would be answered with.
    package var code: ErrorCode {
        if let fault = malformation ?? faults.first { return ErrorCode(rawValue: fault.code) }
        return voidUntil == nil ? .ok : ChatError.voidUserSig.code
    }
}

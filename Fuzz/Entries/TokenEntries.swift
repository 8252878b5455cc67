import ChatProtocol
import UserSig

extension Entry {
    /// A token as a caller sends it.
    static let userSig = Entry("usersig") { bytes throws(Objection) in
        try judge(token: bytes.text)
    }

    /// The document in a token: no mutation gets past the compression and its check sum.
    static let userSigDocument = Entry("usersig-document") { bytes throws(Objection) in
        let token = UserSig.token(of: bytes)
        try judge(token: token)
        if bytes.count <= UserSig.largestDocumentBytes, token.utf8.count <= UserSig.largestTokenBytes {
            let document = try? UserSig.document(in: token)
            try demand(document.map { $0.hasSameBytes(as: bytes.text) } ?? false, "a document came back as another")
        }
    }

    /// None that anything in the corpus is signed with.
    private static let keys = ["f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "another"]

    private static func judge(token: String) throws(Objection) {
        let claims: UserSig
        do throws(UserSigError) {
            claims = try UserSig(decoding: token)
        } catch {
            switch error {
            case .empty, .malformed: return
            case .wrongApplication, .wrongIdentifier, .noKey, .badSignature, .expired, .notYetValid:
                throw Objection("taking a token apart judged it: \(error)")
            }
        }
        try demand(
            refusal(of: claims, keys) == .badSignature,
            "nobody signed the token, and it was not refused for that"
        )
        try demand(refusal(of: claims, []) == .noKey, "there is no key, and the token was not refused for that")
        try judge(making: claims)
    }

    /// A token that is made of the claims must say the same, and be believed.
    private static func judge(making claims: UserSig) throws(Objection) {
        let token = UserSig.token(
            sdkAppID: claims.sdkAppID,
            identifier: claims.identifier,
            key: keys[0],
            issuedAt: claims.issuedAt,
            lifetime: claims.lifetime,
            userBuffer: claims.userBuffer
        )
        let made: UserSig
        do throws(UserSigError) {
            made = try UserSig(decoding: token)
        } catch {
            // Escapes that were not in the document may make it too large.
            return try demand(
                error == .malformed(.documentTooLarge) || error == .malformed(.tokenTooLong),
                "a token that was made is refused: \(error)"
            )
        }
        let isSame =
            made.identifier.utf8.elementsEqual(claims.identifier.utf8) && made.sdkAppID == claims.sdkAppID
            && made.issuedAt == claims.issuedAt && made.lifetime == claims.lifetime
            && made.userBuffer == claims.userBuffer
        try demand(isSame, "a token that was made says something else")
        let refusal = refusal(of: made, keys)
        let isValid = made.expiresAt > made.issuedAt
        try demand(refusal == (isValid ? nil : .expired), "a token that was made is judged \(refusal as Any)")
    }

    private static func refusal(of claims: UserSig, _ keys: [String]) -> UserSigError? {
        do throws(UserSigError) {
            try claims.verify(
                sdkAppID: claims.sdkAppID,
                identifier: claims.identifier,
                keys: keys,
                now: claims.issuedAt
            )
            return nil
        } catch {
            return error
        }
    }
}

import Crypto

extension UserSig {
    /// Makes a token (spec/usersig.md sections 2 and 3).
    ///
    /// Every verifier of algorithm 2.0 takes it, but its text may differ between generators and versions of zlib. It is
    /// plain ASCII of `A–Z a–z 0–9 * - _`, about 200 bytes, and needs no escaping in a URL.
    ///
    /// Nothing is checked here: for an `sdkAppID` below 0, or an `identifier` and `userBuffer` that make the document
    /// larger than ``largestDocumentBytes``, the token is one that ``init(decoding:)`` refuses.
    ///
    /// - Parameters:
    ///   - sdkAppID: the application, at least 0.
    ///   - identifier: the user; the API allows at most 32 bytes.
    ///   - key: the application's key, used as its UTF-8 text. Keep it on the server: it makes tokens for every user.
    ///   - issuedAt: the maker's clock, in seconds since 1970-01-01T00:00:00Z.
    ///   - lifetime: seconds from `issuedAt` for which the token is valid; Tencent advises at least a day.
    ///   - userBuffer: opaque bytes to carry and sign; nil for chat.
    public static func token(
        sdkAppID: Int64,
        identifier: String,
        key: String,
        issuedAt: Int64,
        lifetime: Int64 = defaultLifetime,
        userBuffer: [UInt8]? = nil
    ) -> String {
        let userBuffer = userBuffer.map(Base64.standard.encode)
        let text = signedText(
            sdkAppID: sdkAppID,
            identifier: identifier,
            issuedAt: issuedAt,
            lifetime: lifetime,
            userBuffer: userBuffer
        )
        let signature = HMAC<SHA256>.authenticationCode(for: text, using: SymmetricKey(data: Array(key.utf8)))
        let document = TokenDocument.json(
            sdkAppID: sdkAppID,
            identifier: identifier,
            issuedAt: issuedAt,
            lifetime: lifetime,
            userBuffer: userBuffer,
            signature: Base64.standard.encode(Array(signature))
        )
        return self.token(of: document)
    }

    /// The token around a document, whatever that is.
    package static func token(of document: [UInt8]) -> String {
        Base64.token.encode(Zlib.deflate(document))
    }

    /// The text that is signed: one line a claim, each ended by LF (spec/usersig.md section 2).
    ///
    /// An identifier may hold LF without being taken for other claims: the lines after it are always the same in number
    /// and kind, as the last one tells.
    static func signedText(
        sdkAppID: Int64,
        identifier: String,
        issuedAt: Int64,
        lifetime: Int64,
        userBuffer: String?
    ) -> [UInt8] {
        var text = "TLS.identifier:\(identifier)\nTLS.sdkappid:\(sdkAppID)\n"
        text += "TLS.time:\(issuedAt)\nTLS.expire:\(lifetime)\n"
        if let userBuffer { text += "TLS.userbuf:\(userBuffer)\n" }
        return Array(text.utf8)
    }
}

import Crypto
import FoundationEssentials

/// A Tencent Cloud Chat UserSig of algorithm 2.0: the proof that whoever holds an application's key lets one user in.
///
/// A token is made with ``token(sdkAppID:identifier:key:issuedAt:lifetime:userBuffer:)``. It is checked in two steps: a
/// value of this type is what a token *claims*; only ``verify(sdkAppID:identifier:keys:now:)`` says whether to believe it.
///
/// ```swift
/// let token = UserSig.token(
///     sdkAppID: 1_400_704_311, identifier: "administrator", key: key, issuedAt: now, lifetime: 86_400)
/// try UserSig(decoding: token).verify(sdkAppID: 1_400_704_311, identifier: "administrator", keys: [key], now: now)
/// ```
///
/// Different tokens may carry the same claims, since compression is not unique and anyone can compress again. Never tell
/// tokens apart by their text where it matters (revocation, replay); use the claims.
///
/// Source: spec/usersig.md, which follows Tencent's published generators.
public struct UserSig: Sendable, Equatable {
    /// The longest token that is looked at, in bytes: 8192.
    ///
    /// Base64 of a document of ``largestDocumentBytes`` takes less, even uncompressed.
    public static let largestTokenBytes = 8192

    /// The largest JSON document a token may decompress to, in bytes: 4096 (spec/usersig.md section 4).
    public static let largestDocumentBytes = 4096

    /// How far in the future a token may have been issued, in seconds: 300 (spec/usersig.md section 4).
    public static let clockSkewSeconds: Int64 = 300

    /// The lifetime of Tencent's own generators, in seconds: 15 552 000, which is 180 days (spec/usersig.md section 4).
    public static let defaultLifetime: Int64 = 15_552_000

    /// The application the token was made for, `TLS.sdkappid`; at least 0.
    public let sdkAppID: Int64

    /// The user the token was made for, `TLS.identifier`.
    ///
    /// Compare its `utf8`: Swift's `==` takes different spellings of an accented letter for equal, the protocol does not.
    public let identifier: String

    /// When the token was made, `TLS.time`, in seconds since 1970-01-01T00:00:00Z.
    ///
    /// Any 64-bit value may be claimed: do no arithmetic on it that can overflow.
    public let issuedAt: Int64

    /// How long the token is valid, `TLS.expire`, in seconds from ``issuedAt``.
    ///
    /// Any 64-bit value may be claimed; of 0 or less, the token has never been valid. There is no upper bound.
    public let lifetime: Int64

    /// The decoded bytes of `TLS.userbuf`; nil where the token has none, which differs from having an empty one.
    ///
    /// Chat ignores it; the PrivateMapKey of audio and video rooms uses it (spec/usersig.md section 7).
    public let userBuffer: [UInt8]?

    /// The decoded bytes of `TLS.sig`: 32 in an honest token, any number in others.
    private let signature: [UInt8]

    /// Takes a token apart without verifying it (spec/usersig.md section 3).
    ///
    /// What comes out is the token's claims, made by anyone. Cost is bounded whatever the input: a token above
    /// ``largestTokenBytes`` is refused unread, a stream above ``largestDocumentBytes`` is abandoned there.
    ///
    /// - Parameter token: the token as it was made, after URL decoding; `+`, `/`, `=` and white space are refused.
    /// - Throws: ``UserSigError/empty``, or ``UserSigError/malformed(_:)`` naming the step that failed.
    public init(decoding token: String) throws(UserSigError) {
        let document = try TokenDocument(json: Self.json(in: token))

        guard document.version.utf8.elementsEqual("2.0".utf8) else { throw .malformed(.unsupportedVersion) }
        guard document.sdkAppID.value >= 0 else { throw .malformed(.badDocument) }
        guard let signature = Base64.standard.decode(document.signature) else { throw .malformed(.badMember) }
        if let text = document.userBuffer {
            guard let bytes = Base64.standard.decode(text) else { throw .malformed(.badMember) }
            userBuffer = bytes
        } else {
            userBuffer = nil
        }
        (sdkAppID, identifier) = (document.sdkAppID.value, document.identifier)
        (issuedAt, lifetime) = (document.issuedAt.value, document.lifetime.value)
        self.signature = signature
    }

    /// The text inside a token, whatever it says: what to look at when a token cannot be taken apart.
    ///
    /// - Throws: as ``init(decoding:)`` does, up to the step that gives the text.
    package static func document(in token: String) throws(UserSigError) -> String {
        String(decoding: try json(in: token), as: UTF8.self)
    }

    private static func json(in token: String) throws(UserSigError) -> Data {
        guard !token.isEmpty else { throw .empty }
        guard token.utf8.count <= largestTokenBytes else { throw .malformed(.tokenTooLong) }
        guard let stream = Base64.token.decode(token) else { throw .malformed(.notBase64) }
        return try Zlib.inflate(stream, limit: largestDocumentBytes)
    }

    /// The first second at which the token is no longer valid, in seconds since 1970-01-01T00:00:00Z.
    ///
    /// ``issuedAt`` plus ``lifetime``, held at the ends of `Int64` where the sum does not fit.
    public var expiresAt: Int64 { issuedAt.addingSaturated(lifetime) }

    /// Verifies that one of an application's keys made this token for this user, and that it is valid now.
    ///
    /// Judged in the order of the errors below, the first fault wins (spec/usersig.md section 5). Time comes last, so
    /// an expired token with a wrong signature is told nothing about time. Signatures are compared in constant time and
    /// every key is tried, so the duration does not tell which key matched.
    ///
    /// - Parameters:
    ///   - sdkAppID: the request's application.
    ///   - identifier: the request's user, compared byte by byte.
    ///   - keys: the application's keys: one, or two while keys are rotated. A key is its UTF-8 text; it looks like
    ///     hexadecimal but is not decoded.
    ///   - now: the verifier's clock, in seconds since 1970-01-01T00:00:00Z.
    /// - Returns: the index in `keys` of the key that made the token, the first one if several did.
    /// - Throws: ``UserSigError/wrongApplication``, ``UserSigError/wrongIdentifier``, ``UserSigError/noKey``,
    ///   ``UserSigError/badSignature``, ``UserSigError/expired`` from ``expiresAt`` on, or ``UserSigError/notYetValid``
    ///   more than ``clockSkewSeconds`` before ``issuedAt``.
    @discardableResult
    public func verify(
        sdkAppID: Int64,
        identifier: String,
        keys: [String],
        now: Int64
    ) throws(UserSigError) -> Int {
        let signer = try judge(sdkAppID: sdkAppID, identifier: identifier, keys: keys, now: now) {
            (fault) throws(UserSigError) in throw fault
        }
        guard let signer else { throw .badSignature }
        return signer
    }

    /// Everything that is wrong with the token, in the order in which ``verify(sdkAppID:identifier:keys:now:)`` judges.
    ///
    /// For whoever asks why a token of his own is refused. To a caller that is not known yet it would tell too much.
    ///
    /// - Returns: the faults, and the index in `keys` of the key that made the token, whatever else is wrong.
    package func faults(
        sdkAppID: Int64,
        identifier: String,
        keys: [String],
        now: Int64
    ) -> (faults: [UserSigError], signer: Int?) {
        var faults: [UserSigError] = []
        let signer = judge(sdkAppID: sdkAppID, identifier: identifier, keys: keys, now: now) { faults.append($0) }
        return (faults, signer)
    }

    /// - Parameter fault: told of each fault in its turn; the judgement ends where it throws.
    private func judge<Refusal: Error>(
        sdkAppID: Int64,
        identifier: String,
        keys: [String],
        now: Int64,
        fault: (UserSigError) throws(Refusal) -> Void
    ) throws(Refusal) -> Int? {
        if sdkAppID != self.sdkAppID { try fault(.wrongApplication) }
        if !identifier.utf8.elementsEqual(self.identifier.utf8) { try fault(.wrongIdentifier) }
        if keys.isEmpty { try fault(.noKey) }
        let signer = indexOfSigner(among: keys)
        if signer == nil, !keys.isEmpty { try fault(.badSignature) }
        if lifetime <= 0 || now >= expiresAt { try fault(.expired) }
        if issuedAt > now.addingSaturated(Self.clockSkewSeconds) { try fault(.notYetValid) }
        return signer
    }

    /// The index of the first key that made the token.
    package func indexOfSigner(among keys: [String]) -> Int? {
        let text = Self.signedText(
            sdkAppID: sdkAppID,
            identifier: identifier,
            issuedAt: issuedAt,
            lifetime: lifetime,
            userBuffer: userBuffer.map(Base64.standard.encode)  // strict Base64: the text as it stood in the document
        )
        var signer: Int?
        for (index, key) in keys.enumerated() {
            let matches = HMAC<SHA256>.isValidAuthenticationCode(
                signature,
                authenticating: text,
                using: SymmetricKey(data: Array(key.utf8))
            )
            if matches, signer == nil { signer = index }
        }
        return signer
    }
}

extension Int64 {
    /// The sum, or the end of the range on the side where it does not fit: wire values must not trap.
    fileprivate func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflows) = addingReportingOverflow(other)
        guard overflows else { return sum }
        return other < 0 ? .min : .max
    }
}

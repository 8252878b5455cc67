import Synchronization
import UserSig

/// The UserSig of one user, kept until it is about to expire or was refused.
final class UserSigCache: Sendable {
    private struct Kept {
        let token: String
        /// In Unix seconds; never, for a token that cannot be read, which is kept until it is refused.
        let renewAt: Int64
    }

    private let sdkAppID: Int64
    private let identifier: String
    private let source: UserSigSource
    private let unixSeconds: @Sendable () -> Int64
    private let kept = Mutex<Kept?>(nil)
    private let turnstile = Turnstile()

    init(sdkAppID: Int64, identifier: String, source: UserSigSource, unixSeconds: @escaping @Sendable () -> Int64) {
        (self.sdkAppID, self.identifier) = (sdkAppID, identifier)
        (self.source, self.unixSeconds) = (source, unixSeconds)
    }

    /// A token that should be valid for some time yet.
    func current() async throws(RostrumError) -> String {
        if let token = valid { return token }
        guard await turnstile.enter() else { throw .cancelled }
        defer { turnstile.leave() }
        // Whoever was before us may have renewed it.
        if let token = valid { return token }
        let token: String
        do {
            token = try await source.make(sdkAppID, identifier, unixSeconds())
        } catch {
            throw error is CancellationError && Task.isCancelled ? .cancelled : .noUserSig(error)
        }
        kept.withLock { $0 = Kept(token: token, renewAt: Self.renewal(of: token)) }
        return token
    }

    /// Forgets a token that the server takes no more.
    func discard(_ token: String) {
        kept.withLock { if $0?.token == token { $0 = nil } }
    }

    /// The token that is kept, unless it is about to expire.
    var valid: String? {
        let now = unixSeconds()
        return kept.withLock { kept in kept.flatMap { now < $0.renewAt ? $0.token : nil } }
    }

    /// 5 minutes before the end, or a tenth of the lifetime when that is less.
    private static func renewal(of token: String) -> Int64 {
        do throws(UserSigError) {
            let claims = try UserSig(decoding: token)
            return claims.expiresAt.subtractingReportingOverflow(min(300, max(0, claims.lifetime / 10))).partialValue
        } catch {
            return .max
        }
    }
}

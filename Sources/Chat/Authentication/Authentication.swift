import Addresses
package import ChatProtocol
package import Database
package import EventBus
package import Metrics
import UserSig

/// Says whether a caller is who he says he is, by his UserSig.
///
/// Used by the REST API and by live connections alike. What was verified once is remembered by the whole token; the
/// remembered answer is good only while the application still has the key that matched, and the account's kicks are
/// looked up again when the answer is 5 s old, even if no event said so.
///
/// Source: spec/usersig.md sections 4 and 5.
package final class Authentication: Sendable {
    /// Whose failures count together.
    private struct Caller: Hashable, Sendable {
        let application: SDKAppID
        let identifier: UserID
        /// As ``AddressRange/client(_:)`` has it.
        let client: [UInt8]
    }

    private let database: any Database
    private let clock: any WallClock
    private let verified: VerifiedTokens
    /// Source: design section 9.
    private let lockout = Lockout<Caller>(after: 20, within: 60_000)
    private let hits: Counter
    private let misses: Counter

    /// - Parameter capacity: how many verified tokens are remembered at most.
    package init(
        database: any Database,
        bus: any EventBus,
        clock: any WallClock,
        metrics: any MetricsFactory,
        capacity: Int = 20_000
    ) {
        (self.database, self.clock) = (database, clock)
        let verified = VerifiedTokens(capacity: capacity)
        self.verified = verified
        hits = Counter(label: "rostrum_usersig_cache", dimensions: [("result", "hit")], factory: metrics)
        misses = Counter(label: "rostrum_usersig_cache", dimensions: [("result", "miss")], factory: metrics)
        bus.listen { event in
            // Of whatever history it is: who is forgotten is looked up.
            switch event {
            case .applicationChanged(let application): verified.forget(application)
            case .accountKicked(let application, let account, _): verified.forget([account], of: application)
            case .accountsDeleted(let application, let accounts, _): verified.forget(Set(accounts), of: application)
            case .applicationEmptied, .outboxFilled, .channel, .channelMoved, .subscriptions, .sessions,
                .storageChanged:
                break
            }
        }
    }

    /// Checks a token for an application and the identifier that the request names.
    ///
    /// - Parameters:
    ///   - application: enabled; with its keys as they are now.
    ///   - address: the caller's; failures lock out the three together: application, identifier, and the address
    ///     (of IPv6 the /64 network, which whoever has one of its addresses has all of).
    /// - Returns: by which key it is good, and for how long.
    /// - Throws: 70001 expired, kicked or deleted, 70002 empty, 70003 illegal or from the future, 70009 made with another key,
    ///   70013 for another identifier, 70014 for another application, 70016 no key, 70050 too many failures.
    @discardableResult
    package func authenticate(
        _ token: String,
        as identifier: UserID,
        of application: Application,
        from address: String
    ) async throws(ChatError) -> VerifiedToken {
        let now = clock.now
        let caller = Caller(application: application.id, identifier: identifier, client: AddressRange.client(address))
        guard !lockout.isLocked(caller, at: now) else {
            throw ChatError(
                .userSigLockedOut,
                "Too many failed signatures for \(identifier) from this address; wait a minute, then check the key."
            )
        }
        if let known = verified.find(token, at: now), known.fits(identifier, application) {
            hits.increment()
            return known.token
        }
        misses.increment()
        let changes = verified.changes
        let (userSig, key) = try verify(token, as: identifier, of: application, caller, at: now)
        let voidUntil = try await database.read { tx throws(ChatError) in
            try AccountTable.signaturesVoidUntil(identifier, of: application.id, in: tx)
        }
        if userSig.isVoid(until: voidUntil) { throw .voidUserSig }
        let good = VerifiedToken(
            key: key,
            issuedAt: userSig.issuedAt,
            expiresAt: Timestamp(seconds: userSig.expiresAt)
        )
        verified.remember(
            token,
            VerifiedTokens.Entry(
                application: application.id,
                identifier: identifier,
                token: good,
                checkedAt: now
            ),
            unlessChangedSince: changes
        )
        return good
    }

    private func verify(
        _ token: String,
        as identifier: UserID,
        of application: Application,
        _ caller: Caller,
        at now: Timestamp
    ) throws(ChatError) -> (UserSig, key: String) {
        do {
            let userSig = try UserSig(decoding: token)
            let matching = try userSig.verify(
                sdkAppID: application.id.rawValue,
                identifier: identifier.rawValue,
                keys: application.keys.map(\.text),
                now: now.seconds
            )
            return (userSig, application.keys[matching].text)
        } catch {
            if error == .badSignature { lockout.failed(caller, at: now) }
            throw ChatError(ErrorCode(rawValue: error.code), error.explanation)
        }
    }
}

extension UserSig {
    /// Whether a kick or a deletion made it void.
    ///
    /// - Parameter second: the last one whose UserSigs are void; nil when none are.
    func isVoid(until second: Int64?) -> Bool {
        second.map { issuedAt <= $0 } ?? false
    }
}

extension ChatError {
    /// A UserSig from before a kick, or before the account was deleted.
    static let voidUserSig = ChatError(
        .userSigExpired,
        "The UserSig was invalidated by a kick or a deletion; make a new one."
    )
}

import Addresses
import ChatProtocol
import Crypto
import Synchronization

/// How often signing in may fail before it is refused unheard, and how many may try at once.
///
/// A name is locked for the client that failed alone: else whoever knows an operator's name could keep him out. Wrong
/// codes lock it for everybody, since it takes the right password to have one judged.
///
/// Each node counts for itself.
final class SignInLimits: Sendable {
    /// What became of an attempt.
    enum Outcome<Success: Sendable>: Sendable {
        case right(Success)
        /// - locks: whether it was one failure too many, and what follows is refused.
        case wrong(locks: Bool)
        /// It was not judged, or what it was judged is not told.
        case refused
    }

    private struct Attempt: Hashable, Sendable {
        /// A hash, since it may be anything that somebody typed.
        let name: [UInt8]
        let client: [UInt8]
    }

    /// How many attempts of one client are judged at the same time.
    private static let mostAtOnce = 4
    /// How many of all clients wait to be judged, which is done one by one.
    private static let mostInAll = 32
    /// In milliseconds.
    static let period: Int64 = 5 * 60_000

    private let names = Lockout<Attempt>(after: 10, within: period)
    /// Whatever the names: guessing those, or one password for many, is no way around.
    private let clients = Lockout<[UInt8]>(after: 100, within: period)
    private let codes = Lockout<OperatorName>(after: 10, within: period)
    private let underWay = Mutex<[[UInt8]: Int]>([:])

    /// Has an attempt judged, unless too many failed before it or are under way.
    ///
    /// - Parameter judge: answers nil for a failure.
    func attempt<Success: Sendable>(
        _ name: String,
        from address: String,
        _ clock: any WallClock,
        _ judge: () async throws(ChatError) -> Success?
    ) async throws(ChatError) -> Outcome<Success> {
        let client = AddressRange.client(address)
        let attempt = Attempt(name: Array(SHA256.hash(data: Array(name.utf8)).prefix(16)), client: client)
        guard !isLocked(attempt, at: clock.now), begin(client) else { return .refused }
        defer { end(client) }
        let success = try await judge()
        let now = clock.now
        // Those that were sent at the same time are no way around the lock either.
        guard !isLocked(attempt, at: now) else { return .refused }
        guard let success else {
            let locksName = names.failed(attempt, at: now)
            let locksClient = clients.failed(client, at: now)
            return .wrong(locks: locksName || locksClient)
        }
        return .right(success)
    }

    /// Whether codes are judged for an operator at all.
    func mayTryCode(_ name: OperatorName, at now: Timestamp) -> Bool { !codes.isLocked(name, at: now) }

    /// - Returns: whether codes are judged no more from now on.
    func codeFailed(_ name: OperatorName, at now: Timestamp) -> Bool { codes.failed(name, at: now) }

    private func isLocked(_ attempt: Attempt, at now: Timestamp) -> Bool {
        names.isLocked(attempt, at: now) || clients.isLocked(attempt.client, at: now)
    }

    private func begin(_ client: [UInt8]) -> Bool {
        underWay.withLock { underWay in
            guard underWay[client, default: 0] < Self.mostAtOnce,
                underWay.values.reduce(0, +) < Self.mostInAll
            else { return false }
            underWay[client, default: 0] += 1
            return true
        }
    }

    private func end(_ client: [UInt8]) {
        underWay.withLock { underWay in
            let rest = underWay[client, default: 1] - 1
            underWay[client] = rest == 0 ? nil : rest
        }
    }
}

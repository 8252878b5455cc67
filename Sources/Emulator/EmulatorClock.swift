package import Chat
package import ChatProtocol
package import Database
import Synchronization

/// A clock that runs with another one, ahead of it by the sum of all advances.
///
/// The sum is kept in the storage, so that a restart does not go back in time.
///
/// Source: design section 9.
package final class EmulatorClock: WallClock {
    /// The furthest ahead, in seconds: a hundred years.
    package static let furthest: Int64 = 100 * 365 * 86_400

    /// What the clock may be moved by, in words.
    package static let rule = "a whole number from 0, in sum at most \(furthest)"

    private let base: any WallClock
    private let database: any Database
    private let ahead: Atomic<Int64>

    /// - Throws: an internal fault when the storage cannot be read.
    package init(base: any WallClock = SystemClock(), database: any Database) async throws(ChatError) {
        (self.base, self.database) = (base, database)
        let kept = try await database.read { tx throws(ChatError) in
            try StorageProperty.emulatorClockAdvance.value(in: tx)
        }
        ahead = Atomic(kept.flatMap { Int64($0) } ?? 0)
    }

    package var now: Timestamp {
        base.now.advanced(bySeconds: secondsAhead)
    }

    /// How far the clock is ahead.
    package var secondsAhead: Int64 { ahead.load(ordering: .acquiring) }

    /// Moves the clock forward; it never goes back.
    ///
    /// - Parameter seconds: 0 or more; the sum of all advances stays within ``furthest``.
    /// - Returns: nil, changing nothing, when that is not so; else how far the clock is ahead now.
    package func advance(bySeconds seconds: Int64) async throws(ChatError) -> Int64? {
        guard (0...Self.furthest).contains(seconds) else { return nil }
        let furthest = Self.furthest
        let sum: Int64? = try await database.write { tx throws(ChatError) in
            let kept = try StorageProperty.emulatorClockAdvance.value(in: tx).flatMap { Int64($0) } ?? 0
            guard kept <= furthest - seconds else { return nil }
            try StorageProperty.emulatorClockAdvance.set(String(kept + seconds), in: tx)
            return kept + seconds
        }
        // Two advances may hear of their commits in the other order; the clock never goes back.
        if let sum { ahead.max(sum, ordering: .acquiringAndReleasing) }
        return sum
    }
}

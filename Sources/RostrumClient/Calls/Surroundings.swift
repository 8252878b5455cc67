#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a client takes from the machine it runs on; tests put their own in its place.
package struct Surroundings: Sendable {
    /// Seconds since 1970-01-01T00:00:00Z.
    package var unixSeconds: @Sendable () -> Int64
    /// Any number, each equally likely and none to be guessed.
    package var random: @Sendable () -> UInt64
    /// Waits before something is tried again.
    package var pause: @Sendable (Duration) async throws -> Void
    /// Measures how long an answer takes and how long a server has been silent.
    package var clock: any Clock<Duration>

    package init(
        unixSeconds: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable () -> UInt64,
        pause: @escaping @Sendable (Duration) async throws -> Void,
        clock: any Clock<Duration>
    ) {
        (self.unixSeconds, self.random, self.pause, self.clock) = (unixSeconds, random, pause, clock)
    }

    package static let system = Surroundings(
        unixSeconds: { Int64(Date.now.timeIntervalSince1970) },
        random: {
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        },
        pause: { try await Task.sleep(for: $0) },
        clock: ContinuousClock()
    )
}

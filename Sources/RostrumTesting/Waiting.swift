import FoundationEssentials

/// A state that was waited for did not come.
package struct WaitedTooLong: Error, CustomStringConvertible {
    package let description: String
}

/// Looks at a state that no event tells of, such as another process's, until it holds.
///
/// - Parameters:
///   - state: what is waited for, in words, for whoever reads the failure.
///   - limit: how long at most; see ``patient(_:)``.
///   - pause: how long between two looks.
/// - Throws: ``WaitedTooLong`` when it did not come to hold.
package func waitUntil(
    _ state: String,
    within limit: Duration = .seconds(40),
    every pause: Duration = .milliseconds(5),
    _ holds: () async throws -> Bool
) async throws {
    let limit = patient(limit)
    let deadline = ContinuousClock.now + limit
    while try await !holds() {
        guard ContinuousClock.now < deadline else { throw WaitedTooLong(description: "not within \(limit): \(state)") }
        try await Task.sleep(for: pause)
    }
}

/// How long somebody waits who would wait for so long.
///
/// Instrumented programs take longer, and so do busy machines: `ROSTRUM_PATIENCE` says how many times as long they may.
package func patient(_ limit: Duration) -> Duration {
    limit * patience
}

private let patience = max(1, ProcessInfo.processInfo.environment["ROSTRUM_PATIENCE"].flatMap { Int($0) } ?? 1)

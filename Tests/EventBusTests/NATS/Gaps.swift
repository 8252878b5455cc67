import Synchronization

/// Counts what a bus says of gaps.
final class Gaps: Sendable {
    private let number = Mutex(0)

    var count: Int { number.withLock { $0 } }

    func add() { number.withLock { $0 += 1 } }
}

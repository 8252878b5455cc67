import Synchronization

/// Writes one thing after another until it is told to stop, and counts those that were acknowledged.
package final class EndlessWriter: Sendable {
    private let count = Atomic<Int64>(0)
    private let isStopped = Atomic<Bool>(false)
    private let write: @Sendable (Int64) async throws -> Void

    /// - Parameter write: writes the thing of that number, from 1.
    package init(_ write: @escaping @Sendable (Int64) async throws -> Void) {
        self.write = write
    }

    /// The number of the last thing that was acknowledged.
    package var acknowledged: Int64 { count.load(ordering: .acquiring) }

    /// Writes until ``stop()``.
    package func run() async throws {
        while !isStopped.load(ordering: .acquiring) {
            let next = acknowledged + 1
            try await write(next)
            count.store(next, ordering: .releasing)
        }
    }

    package func stop() {
        isStopped.store(true, ordering: .releasing)
    }
}

import Dispatch

/// A transaction that stays open until it is told to go on.
package struct HeldTransaction: Sendable {
    private let begun = AsyncStream.makeStream(of: Void.self)
    private let release = DispatchSemaphore(value: 0)

    package init() {}

    /// Called inside the transaction's closure, which runs on a thread that may block.
    package func hold() {
        begun.continuation.yield()
        release.wait()
    }

    package func waitUntilBegun() async {
        for await _ in begun.stream { return }
    }

    package func goOn() {
        release.signal()
    }
}

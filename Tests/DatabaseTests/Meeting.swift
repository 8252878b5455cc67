import Dispatch
import Synchronization

/// Where transactions wait until all of them have come; whoever comes again later goes straight on.
final class Meeting: Sendable {
    private let missing: Mutex<Int>
    private let arrived = DispatchSemaphore(value: 0)

    init(of count: Int) {
        missing = Mutex(count)
    }

    /// Called on a thread that may block.
    func meet() {
        let rest = missing.withLock { missing in
            missing -= 1
            return missing
        }
        switch rest {
        case 1...: arrived.wait()
        // As many as there can be.
        case 0: for _ in 0..<64 { arrived.signal() }
        default: break
        }
    }
}

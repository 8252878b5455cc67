package import Chat
import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualClock: WallClock {
    /// Where every clock starts: 2026-01-01T00:00:00Z.
    package static let start = Timestamp(seconds: 1_767_225_600)

    private let moment: Mutex<Timestamp>

    package init(at moment: Timestamp = ManualClock.start) {
        self.moment = Mutex(moment)
    }

    package var now: Timestamp {
        moment.withLock { $0 }
    }

    /// Moves the clock on; a negative number moves it back.
    package func advance(seconds: Int64) {
        moment.withLock { $0 = $0.advanced(bySeconds: seconds) }
    }

    /// Moves the clock on by less than a second, where a test needs the edge of something.
    package func advance(milliseconds: Int64) {
        moment.withLock { $0 = Timestamp(milliseconds: $0.milliseconds + milliseconds) }
    }

    package func set(_ moment: Timestamp) {
        self.moment.withLock { $0 = moment }
    }
}

import Synchronization

/// The timeline that the newest connection found.
///
/// A failover to a standby begins another one: what was committed last may be lost with the old one.
final class Timeline: Sendable {
    private let newest = Mutex<Int64?>(nil)
    private let onChange: @Sendable (Int64) -> Void

    init(_ onChange: @escaping @Sendable (Int64) -> Void) {
        self.onChange = onChange
    }

    /// 0 before the first connection, and with an engine that has none.
    var current: Int64 { newest.withLock { $0 ?? 0 } }

    func found(_ timeline: Int64) {
        newest.withLock { newest in
            guard newest != timeline else { return }
            newest = timeline
            // Under the lock, so that nobody goes on before the change is known.
            onChange(timeline)
        }
    }
}

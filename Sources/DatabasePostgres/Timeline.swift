import Synchronization

/// The timelines that connections found, and those that other nodes have.
///
/// A failover to a standby begins another one: what was committed last may be lost with the old one. Their numbers grow,
/// so a server that writes a lower one than was seen holds an older state, that of a former primary say, and what it took
/// would be lost. What was seen is remembered while the process runs: the storage itself may be the one that forgot.
final class Timeline: Sendable {
    private struct State {
        /// That of the newest connection.
        var current: Int64?
        /// The greatest that anybody has seen.
        var greatest: Int64 = 0
    }

    private let state = Mutex(State())
    private let onChange: @Sendable (Int64) -> Void

    init(_ onChange: @escaping @Sendable (Int64) -> Void) {
        self.onChange = onChange
    }

    /// 0 before the first connection, and with an engine that has none.
    var current: Int64 { state.withLock { $0.current ?? 0 } }

    /// The greatest that anybody has seen.
    var greatest: Int64 { state.withLock { $0.greatest } }

    /// Takes what a new connection found.
    ///
    /// - Returns: whether it may be used.
    func admit(_ timeline: Int64) -> Bool {
        state.withLock { state in
            guard timeline >= state.greatest else { return false }
            state.greatest = timeline
            guard state.current != timeline else { return true }
            state.current = timeline
            // Under the lock, so that nobody goes on before the change is known.
            onChange(timeline)
            return true
        }
    }

    /// Takes what another node has seen.
    func learn(_ timeline: Int64) {
        state.withLock { $0.greatest = max($0.greatest, timeline) }
    }
}

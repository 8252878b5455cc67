import Synchronization

/// The timelines that connections found, and those that other nodes have.
///
/// A failover to a standby begins another one: what was committed last may be lost with the old one. Their numbers grow,
/// so a server that writes a lower one than was seen holds an older state, that of a former primary say, and what it took
/// would be lost. What was seen is remembered while the process runs: the storage itself may be the one that forgot.
final class Timeline: Sendable {
    private struct State {
        /// The greatest that anybody has seen.
        var greatest: Int64 = 0
        var listeners: [@Sendable (Int64) -> Void] = []
    }

    private let state = Mutex(State())
    /// That of the newest connection; apart from the rest, because listeners ask for it.
    private let newest = Atomic<Int64>(0)

    /// 0 before the first connection, and with an engine that has none.
    var current: Int64 { newest.load(ordering: .acquiring) }

    /// The greatest that anybody has seen.
    var greatest: Int64 { state.withLock { $0.greatest } }

    /// Adds a listener for every change; the first timeline that is found is none.
    func listen(_ listener: @escaping @Sendable (Int64) -> Void) {
        state.withLock { $0.listeners.append(listener) }
    }

    /// Takes what a new connection found.
    ///
    /// - Returns: whether it may be used.
    func admit(_ timeline: Int64) -> Bool {
        state.withLock { state in
            guard timeline >= state.greatest else { return false }
            state.greatest = timeline
            let last = current
            guard timeline != last else { return true }
            // Under the lock, so that nobody goes on before the change is known, and before it is the current one: who
            // sees that it is, sees what the listeners have done.
            if last != 0 { for listener in state.listeners { listener(timeline) } }
            newest.store(timeline, ordering: .releasing)
            return true
        }
    }

    /// Takes what another node has seen.
    func learn(_ timeline: Int64) {
        state.withLock { $0.greatest = max($0.greatest, timeline) }
    }
}

import Synchronization

/// Tells of the moment at which the storage turns out to be of another lineage: a failover, after which what was
/// committed last may be gone.
package final class LineageWatch: Sendable {
    private struct State {
        var newest: Int64?
        var listeners: [@Sendable (Int64) -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Adds a listener, which is called before anything is read from the storage as it is then, or written to it.
    ///
    /// It must not block, nor ask for the storage's generation, which is just changing.
    package func listen(_ listener: @escaping @Sendable (_ lineage: Int64) -> Void) {
        state.withLock { $0.listeners.append(listener) }
    }

    /// The storage is of this lineage; the first one that is found is no change.
    package func found(_ lineage: Int64) {
        let listeners: [@Sendable (Int64) -> Void] = state.withLock { state in
            defer { state.newest = lineage }
            guard let last = state.newest, last != lineage else { return [] }
            return state.listeners
        }
        for listener in listeners { listener(lineage) }
    }

    /// The lineage that was found last; nil before there was one.
    package var newest: Int64? { state.withLock { $0.newest } }
}

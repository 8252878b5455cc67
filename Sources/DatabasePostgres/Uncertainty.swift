import Synchronization

/// Whether something may have been committed of which nobody was told.
final class Uncertainty: Sendable {
    private struct State {
        var isOpen = false
        var listeners: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    func listen(_ listener: @escaping @Sendable () -> Void) {
        state.withLock { $0.listeners.append(listener) }
    }

    /// A commit was not answered, and what became of it could not be found out.
    func note() {
        state.withLock { $0.isOpen = true }
    }

    /// The server answers: whoever looks now sees what there is.
    func settle() {
        let listeners = state.withLock { state in
            defer { state.isOpen = false }
            return state.isOpen ? state.listeners : []
        }
        for listener in listeners { listener() }
    }
}

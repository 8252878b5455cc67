import Synchronization

/// The first damage that a storage has shown since it was opened.
///
/// It stays until the process ends: whoever has mended the storage starts the server again.
package final class StorageDamage: Sendable {
    private struct State {
        var found: DatabaseError?
        var listeners: [@Sendable (DatabaseError) -> Void] = []
    }

    private let state = Mutex(State())
    private let endsWriting: Bool

    /// - Parameter endsWriting: whether the engine writes nothing more once it has shown damage.
    package init(endsWriting: Bool = false) {
        self.endsWriting = endsWriting
    }

    /// What it was; nil while the storage has shown none.
    package var found: DatabaseError? { state.withLock { $0.found } }

    /// Whether nothing is written any more.
    package var hasEndedWriting: Bool { endsWriting && found != nil }

    /// Takes notice of a fault, if it is damage; an engine tells of each before it refuses the caller.
    package func note(_ error: DatabaseError) {
        guard error.kind == .corrupt else { return }
        let listeners = state.withLock { state in
            guard state.found == nil else { return [] as [@Sendable (DatabaseError) -> Void] }
            state.found = error
            defer { state.listeners = [] }
            return state.listeners
        }
        for listener in listeners { listener(error) }
    }

    /// Has the listener told once: when damage is found, or at once when it was.
    ///
    /// It must not block.
    package func listen(_ listener: @escaping @Sendable (DatabaseError) -> Void) {
        let found = state.withLock { state in
            if state.found == nil { state.listeners.append(listener) }
            return state.found
        }
        if let found { listener(found) }
    }
}

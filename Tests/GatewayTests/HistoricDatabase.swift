import Database
import RostrumTesting
import Synchronization

/// Which history a storage is of, as a test says.
final class History: Sendable {
    private struct State {
        var lineage: Int64
        var listeners: [@Sendable (Int64) -> Void] = []
    }

    private let state: Mutex<State>

    init(lineage: Int64) {
        state = Mutex(State(lineage: lineage))
    }

    var lineage: Int64 { state.withLock { $0.lineage } }

    func listen(_ listener: @escaping @Sendable (Int64) -> Void) {
        state.withLock { $0.listeners.append(listener) }
    }

    /// The listeners hear of it first, as an engine has it.
    func becomes(_ lineage: Int64) {
        for listener in state.withLock({ $0.listeners }) { listener(lineage) }
        state.withLock { $0.lineage = lineage }
    }
}

/// A database that says that it is of a history; what is committed in it does not.
final class HistoricDatabase: ForwardingDatabase {
    let database: any Database
    private let history: History

    init(_ database: any Database, _ history: History) {
        (self.database, self.history) = (database, history)
    }

    var lineage: Int64 { history.lineage }

    func listenForLineages(_ listener: @escaping @Sendable (_ lineage: Int64) -> Void) {
        history.listen(listener)
    }
}

import Synchronization

/// Whether something may have been committed of which nobody was told.
final class Uncertainty: Sendable {
    private struct State {
        var isOpen = false
        /// What the server may be at still, and when it is to be asked again.
        var underWay: [NumberedTransaction] = []
        var nextLook = ContinuousClock.now
        var listeners: [@Sendable () -> Void] = []
    }

    /// Between two questions for what is under way.
    private static let pause = Duration.milliseconds(100)

    private let state = Mutex(State())

    func listen(_ listener: @escaping @Sendable () -> Void) {
        state.withLock { $0.listeners.append(listener) }
    }

    /// A commit was not answered, and what became of it could not be found out.
    ///
    /// - Parameter transaction: nil when its number is not known. Otherwise the server is asked for it before anybody is
    ///   told: while it is at the commit still, whoever looked would not see it.
    func note(_ transaction: NumberedTransaction?) {
        state.withLock { state in
            if let transaction { state.underWay.append(transaction) } else { state.isOpen = true }
        }
    }

    /// Finds out whether what was under way has ended, if it is time for that.
    func look(over connection: Connection, _ life: ServerLife?) {
        let transactions: [NumberedTransaction] = state.withLock { state in
            guard !state.underWay.isEmpty, state.nextLook <= .now else { return [] }
            state.nextLook = .now + Self.pause
            defer { state.underWay = [] }
            return state.underWay
        }
        for transaction in transactions {
            let isUnderWay = transaction.isUnderWay(over: connection, life)
            state.withLock { state in
                if isUnderWay { state.underWay.append(transaction) } else { state.isOpen = true }
            }
        }
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

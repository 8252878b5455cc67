import Synchronization

/// Lets so many in at once; the others wait in line.
///
/// When fifteen thousand clients come back together their reading would stand before everybody else's at the storage.
/// So only a few of them read at a time, and a REST call finds no longer line than it ever does.
final class Turnstile: Sendable {
    private struct State {
        var free: Int
        var line: [CheckedContinuation<Void, Never>] = []
        /// How many of the line have passed; taken out of it now and then.
        var passed = 0
    }

    private let state: Mutex<State>

    init(atOnce count: Int) {
        state = Mutex(State(free: count))
    }

    /// Does the work when it is its turn.
    func pass<Value, Failure>(_ work: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        await enter()
        defer { leave() }
        return try await work()
    }

    private func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.line.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func leave() {
        let next: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard state.passed < state.line.count else {
                state.free += 1
                return nil
            }
            defer {
                state.passed += 1
                if state.passed > 1000 || state.passed == state.line.count {
                    state.line.removeFirst(state.passed)
                    state.passed = 0
                }
            }
            return state.line[state.passed]
        }
        next?.resume()
    }
}

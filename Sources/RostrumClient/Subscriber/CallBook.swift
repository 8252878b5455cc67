import ChatProtocol
import Synchronization

/// The calls of a session that wait: for a connection to be sent on, or for their answers.
final class CallBook: Sendable {
    private enum Phase {
        case unconnected
        case connected(LiveConnection)
        case ended
    }

    private struct State {
        var phase = Phase.unconnected
        var lastLoss: String?
        var lastID: Int64 = 0
        var waiting: [Int64: CheckedContinuation<LiveConnection?, Never>] = [:]
        var unanswered: [Int64: CheckedContinuation<Result<JSONValue, RostrumError>, Never>] = [:]
    }

    private let clock: any Clock<Duration>
    private let turnstile = Turnstile()
    private let state = Mutex(State())

    init(clock: any Clock<Duration>) {
        self.clock = clock
    }

    /// An ID that no request had before.
    func newID() -> Int64 {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    /// Why there is no connection, where a reason is known; nil while there is one.
    var lastLoss: String? {
        state.withLock { state in
            guard case .unconnected = state.phase else { return nil }
            return state.lastLoss
        }
    }

    /// Notes why there is no connection.
    func lost(_ reason: String) {
        state.withLock { $0.lastLoss = reason }
    }

    /// Calls can be sent from now on.
    func connected(_ connection: LiveConnection) {
        let waiting = state.withLock { state in
            guard case .unconnected = state.phase else { return [] as [CheckedContinuation<LiveConnection?, Never>] }
            state.phase = .connected(connection)
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume(returning: connection) }
    }

    /// The answers of what was sent will not come.
    func disconnected(_ reason: String) {
        let unanswered = state.withLock { state in
            if case .connected = state.phase { state.phase = .unconnected }
            defer { state.unanswered = [:] }
            return Array(state.unanswered.values)
        }
        for continuation in unanswered { continuation.resume(returning: .failure(.noAnswer(reason: reason))) }
    }

    /// There will be no connection any more.
    ///
    /// - Returns: the one that is open.
    @discardableResult
    func end() -> LiveConnection? {
        let (connection, waiting) = state.withLock { state in
            var open: LiveConnection?
            if case .connected(let connection) = state.phase { open = connection }
            state.phase = .ended
            defer { state.waiting = [:] }
            return (open, Array(state.waiting.values))
        }
        for continuation in waiting { continuation.resume(returning: nil) }
        disconnected("the session has ended")
        return connection
    }

    /// Hands an answer to the call that waits for it.
    func answered(_ id: Int64, _ answer: Result<JSONValue, Refusal>) {
        let continuation = state.withLock { $0.unanswered.removeValue(forKey: id) }
        continuation?.resume(returning: answer.mapError(RostrumError.refused))
    }

    /// Sends a request as soon as there is a connection and it is not too soon for one more, and waits for its answer.
    func exchange(_ method: String, _ params: JSONObject) async -> Result<JSONValue, RostrumError> {
        let id = newID()
        let request = ServerFrame.request(id: id, method, params)
        guard request.count <= LiveProtocol.longestRequest else {
            return .failure(.requestTooLong(bytes: request.count))
        }
        guard let connection = await turn(id) else {
            return .failure(Task.isCancelled ? .cancelled : .noAnswer(reason: "the session has ended"))
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isLate: RostrumError? = state.withLock { state in
                    guard !Task.isCancelled else { return .cancelled }
                    guard case .connected(let current) = state.phase, current === connection else {
                        return .noAnswer(reason: "the connection was lost")
                    }
                    state.unanswered[id] = continuation
                    return nil
                }
                if let isLate {
                    continuation.resume(returning: .failure(isLate))
                } else {
                    connection.send(request)
                }
            }
        } onCancel: {
            let continuation = state.withLock { $0.unanswered.removeValue(forKey: id) }
            continuation?.resume(returning: .failure(.cancelled))
        }
    }

    /// Waits in the order of the calls for a connection on which one more request may be sent.
    private func turn(_ id: Int64) async -> LiveConnection? {
        guard await turnstile.enter() else { return nil }
        defer { turnstile.leave() }
        while let connection = await connection(id) {
            let pause = connection.claimRequest()
            guard pause > .zero else { return connection }
            do {
                try await clock.sleep(for: pause)
            } catch {
                return nil
            }
        }
        return nil
    }

    private func connection(_ id: Int64) async -> LiveConnection? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: LiveConnection?? = state.withLock { state in
                    guard !Task.isCancelled else { return .some(nil) }
                    switch state.phase {
                    case .connected(let connection):
                        return connection
                    case .ended:
                        return .some(nil)
                    case .unconnected:
                        state.waiting[id] = continuation
                        return nil
                    }
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let continuation = state.withLock { $0.waiting.removeValue(forKey: id) }
            continuation?.resume(returning: nil)
        }
    }
}

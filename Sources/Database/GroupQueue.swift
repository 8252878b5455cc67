package import ChatProtocol
import Dispatch
import Synchronization

/// Something that waits for its turn at the storage.
package protocol QueuedOperation: Sendable {
    /// Answers the caller without running the operation.
    var refuse: @Sendable (ChatError) -> Void { get }
}

/// Gathers jobs while their workers are busy and hands each worker all that has gathered.
///
/// There is no timer: an idle queue starts a job at once, a busy one makes groups as large as the load makes them.
///
/// A worker is a serial dispatch queue, which has a thread of its own whatever else is running. A concurrent queue
/// would share its few threads with Swift's tasks, and a worker that waits for the disk would keep them from running.
package final class GroupQueue<Job: QueuedOperation>: Sendable {
    private struct State {
        var waiting: [Job] = []
        var idleWorkers: [DispatchQueue]
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>
    private let workers: Int
    private let largestGroup: Int
    private let work: @Sendable ([Job]) -> Void

    /// - Parameters:
    ///   - workers: groups at the same time.
    ///   - largestGroup: jobs that are handed over at once.
    ///   - work: runs every job of a group, blocking; called on a thread where that is allowed.
    package init(label: String, workers: Int, largestGroup: Int, work: @escaping @Sendable ([Job]) -> Void) {
        state = Mutex(State(idleWorkers: (0..<max(1, workers)).map { DispatchQueue(label: "\(label).\($0)") }))
        (self.workers, self.largestGroup, self.work) = (max(1, workers), largestGroup, work)
    }

    package func add(_ job: Job) {
        let admission: Admission = state.withLock { state in
            guard !state.isClosed else { return .refused }
            state.waiting.append(job)
            return state.idleWorkers.popLast().map(Admission.start) ?? .waiting
        }
        switch admission {
        case .start(let worker): worker.async { self.drain(worker) }
        case .waiting: break
        case .refused: job.refuse(.internalFault(DatabaseError(.unavailable, "the storage is closed")))
        }
    }

    package var load: StorageLoad.Queue {
        state.withLock { state in
            StorageLoad.Queue(
                waiting: state.waiting.count,
                busy: workers - state.idleWorkers.count,
                workers: workers
            )
        }
    }

    /// Refuses new jobs and returns when the waiting ones are done.
    package func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                state.isClosed = true
                guard state.idleWorkers.count < workers else { return true }
                state.closers.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    private func drain(_ worker: DispatchQueue) {
        while let group = nextGroup(worker) { work(group) }
    }

    /// Nil sends the worker to rest; the last one to go tells whoever waits for the queue to close.
    private func nextGroup(_ worker: DispatchQueue) -> [Job]? {
        let (group, closers): ([Job]?, [CheckedContinuation<Void, Never>]) = state.withLock { state in
            guard state.waiting.isEmpty else {
                guard state.waiting.count > largestGroup else {
                    defer { state.waiting = [] }
                    return (state.waiting, [])
                }
                let group = Array(state.waiting.prefix(largestGroup))
                state.waiting.removeFirst(group.count)
                return (group, [])
            }
            state.idleWorkers.append(worker)
            guard state.idleWorkers.count == workers else { return (nil, []) }
            defer { state.closers = [] }
            return (nil, state.closers)
        }
        for closer in closers { closer.resume() }
        return group
    }
}

/// What became of a job that was added.
private enum Admission {
    case start(DispatchQueue)
    case waiting, refused
}

import ChatProtocol
import Database
import Dispatch
import Synchronization

/// Something that waits for its turn at the storage.
protocol GroupedJob: Sendable {
    /// Answers the job without running it.
    var refuse: @Sendable (ChatError) -> Void { get }
}

/// Gathers jobs while their workers are busy and hands each worker all that has gathered.
///
/// There is no timer: an idle queue starts a job at once, a busy one makes groups as large as the load makes them.
final class GroupQueue<Job: GroupedJob>: Sendable {
    private struct State {
        var waiting: [Job] = []
        var activeWorkers = 0
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let queue: DispatchQueue
    private let workers: Int
    private let largestGroup: Int
    private let work: @Sendable ([Job]) -> Void

    /// - Parameters:
    ///   - workers: groups at the same time.
    ///   - work: runs every job of a group, blocking; called on a thread where that is allowed.
    init(label: String, workers: Int, largestGroup: Int, work: @escaping @Sendable ([Job]) -> Void) {
        queue = DispatchQueue(label: label, attributes: .concurrent)
        (self.workers, self.largestGroup, self.work) = (max(1, workers), largestGroup, work)
    }

    func add(_ job: Job) {
        let admission: Admission = state.withLock { state in
            guard !state.isClosed else { return .refused }
            state.waiting.append(job)
            guard state.activeWorkers < workers else { return .waiting }
            state.activeWorkers += 1
            return .needsWorker
        }
        switch admission {
        case .needsWorker: queue.async { self.drain() }
        case .waiting: break
        case .refused: job.refuse(.internalFault(DatabaseError(.unavailable, "the storage is closed")))
        }
    }

    /// Refuses new jobs and returns when the waiting ones are done.
    func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                state.isClosed = true
                guard state.activeWorkers > 0 else { return true }
                state.closers.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    private func drain() {
        while let group = nextGroup() { work(group) }
    }

    /// Nil ends the worker; the last one to end tells whoever waits for the queue to close.
    private func nextGroup() -> [Job]? {
        let (group, closers): ([Job]?, [CheckedContinuation<Void, Never>]) = state.withLock { state in
            guard state.waiting.isEmpty else {
                let group = Array(state.waiting.prefix(largestGroup))
                state.waiting.removeFirst(group.count)
                return (group, [])
            }
            state.activeWorkers -= 1
            guard state.activeWorkers == 0 else { return (nil, []) }
            defer { state.closers = [] }
            return (nil, state.closers)
        }
        for closer in closers { closer.resume() }
        return group
    }
}

/// What became of a job that was added.
private enum Admission {
    case needsWorker, waiting, refused
}

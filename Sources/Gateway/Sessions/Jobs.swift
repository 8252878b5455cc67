/// Work that event loops hand to tasks of the gateway's own.
///
/// Sessions do one thing at a time and rooms read one thing at a time, which bounds what waits here.
final class Jobs: Sendable {
    typealias Job = @Sendable () async -> Void

    private let stream: AsyncStream<Job>
    private let continuation: AsyncStream<Job>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(of: Job.self)
    }

    /// - Returns: whether it will be done; after ``finish()`` nothing is taken.
    func add(_ job: @escaping Job) -> Bool {
        if case .enqueued = continuation.yield(job) { true } else { false }
    }

    /// Does what is there and ends.
    func finish() {
        continuation.finish()
    }

    /// Does the work until ``finish()``.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in stream { group.addTask { await job() } }
        }
    }
}

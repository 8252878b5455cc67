import Dispatch

/// Runs an actor's code on a queue of its own, so that blocking calls never hold a thread of Swift's pool.
///
/// The pool has as many threads as the machine has cores: two connections that wait would stop every test.
package final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    package init(label: String) {
        queue = DispatchQueue(label: label)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

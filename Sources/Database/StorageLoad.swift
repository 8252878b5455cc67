/// How much an engine has to do at a moment.
package struct StorageLoad: Sendable, Equatable {
    /// Operations of one kind.
    package struct Queue: Sendable, Equatable {
        /// Those that nobody works at yet.
        package let waiting: Int
        /// Workers that are at one; each has a connection of its own.
        package let busy: Int
        package let workers: Int

        package init(waiting: Int, busy: Int, workers: Int) {
            (self.waiting, self.busy, self.workers) = (waiting, busy, workers)
        }

        package static func + (left: Queue, right: Queue) -> Queue {
            Queue(
                waiting: left.waiting + right.waiting,
                busy: left.busy + right.busy,
                workers: left.workers + right.workers
            )
        }
    }

    package let reads: Queue
    package let writes: Queue

    package init(reads: Queue, writes: Queue) {
        (self.reads, self.writes) = (reads, writes)
    }
}

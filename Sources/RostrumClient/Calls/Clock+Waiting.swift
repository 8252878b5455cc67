extension Clock where Duration == Swift.Duration {
    /// Tells how long ago it was made.
    func stopwatch() -> @Sendable () -> Duration {
        let start = now
        return { start.duration(to: now) }
    }

    /// Runs `work` for no longer than `limit`; then it is cancelled, and left to itself if it does not care.
    ///
    /// A child task would be waited for, however long it takes: that would be no limit for the code of others.
    ///
    /// - Returns: nil when it took too long or the task was cancelled.
    func within<Value: Sendable>(
        _ limit: Duration,
        _ work: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let (values, first) = AsyncStream.makeStream(of: Value?.self)
        let worker = Task { first.yield(await work()) }
        let alarm = Task {
            try await sleep(for: limit)
            first.yield(nil)
        }
        defer {
            worker.cancel()
            alarm.cancel()
        }
        for await value in values { return value }
        return nil
    }
}

import Synchronization

/// Locks out, for a while, whoever failed too often within it.
///
/// The lock is on whoever is named and his address together, so that nobody can lock another out from elsewhere.
///
/// Source: design section 9.
final class Lockout<Caller: Hashable & Sendable>: Sendable {
    private let mostFailures: Int
    /// The span in which failures count, and the length of the lock, in milliseconds.
    private let period: Int64
    /// Callers that are kept in mind; past it those without a lock are forgotten.
    private let capacity: Int

    init(after mostFailures: Int, within period: Int64, capacity: Int = 50_000) {
        (self.mostFailures, self.period, self.capacity) = (mostFailures, period, capacity)
    }

    private struct Record {
        /// The moments of the failures within the last period, oldest first; fewer than lock.
        var failures: [Timestamp] = []
        var lockedUntil: Timestamp?

        mutating func fail(at now: Timestamp, mostFailures: Int, period: Int64) -> Bool {
            failures.removeAll { !(0..<period).contains(now.milliseconds(since: $0)) }
            failures.append(now)
            guard failures.count >= mostFailures else { return false }
            failures = []
            lockedUntil = Timestamp(milliseconds: now.milliseconds &+ period)
            return true
        }

        func isOver(at now: Timestamp, period: Int64) -> Bool {
            if let lockedUntil, now < lockedUntil { return false }
            guard let last = failures.last else { return true }
            return !(0..<period).contains(now.milliseconds(since: last))
        }
    }

    private struct State {
        var records: [Caller: Record] = [:]
        /// How many there may be before those that are over are forgotten: twice as many as were left the last time.
        var mostRecords = Lockout.fewRecords
    }

    private static var fewRecords: Int { 256 }

    private let state = Mutex(State())

    func isLocked(_ caller: Caller, at now: Timestamp) -> Bool {
        state.withLock { state in
            guard !state.records.isEmpty, let lockedUntil = state.records[caller]?.lockedUntil else { return false }
            return now < lockedUntil
        }
    }

    /// - Returns: whether this failure was one too many, and the lock begins.
    @discardableResult
    func failed(_ caller: Caller, at now: Timestamp) -> Bool {
        state.withLock { state in
            if state.records.count >= state.mostRecords, state.records[caller] == nil { prune(&state, at: now) }
            var record = state.records[caller] ?? Record()
            let isLocked = record.fail(at: now, mostFailures: mostFailures, period: period)
            state.records[caller] = record
            return isLocked
        }
    }

    private func prune(_ state: inout State, at now: Timestamp) {
        state.records = state.records.filter { !$0.value.isOver(at: now, period: period) }
        if state.records.count >= capacity { state.records = state.records.filter { $0.value.lockedUntil != nil } }
        if state.records.count >= capacity { state.records = [:] }
        state.mostRecords = min(max(2 * state.records.count, Self.fewRecords), capacity)
    }
}

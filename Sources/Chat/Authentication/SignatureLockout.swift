import ChatProtocol
import Synchronization

/// Locks out, for a minute, whoever failed 20 signatures within a minute.
///
/// The lock is on application, identifier and address together, so that nobody can lock an admin out from elsewhere.
///
/// Source: design section 9.
final class SignatureLockout: Sendable {
    struct Caller: Hashable, Sendable {
        let application: SDKAppID
        let identifier: UserID
        let address: String
    }

    static let mostFailures = 20
    /// The span in which failures count, and the length of the lock, in milliseconds.
    static let period: Int64 = 60_000
    /// Callers that are kept in mind; past it those without a lock are forgotten.
    static let capacity = 50_000

    private struct Record {
        /// The moments of the failures within the last period, oldest first; fewer than ``mostFailures``.
        var failures: [Timestamp] = []
        var lockedUntil: Timestamp?

        mutating func fail(at now: Timestamp) {
            failures.removeAll { !(0..<SignatureLockout.period).contains(now.milliseconds(since: $0)) }
            failures.append(now)
            guard failures.count >= SignatureLockout.mostFailures else { return }
            failures = []
            lockedUntil = Timestamp(milliseconds: now.milliseconds &+ SignatureLockout.period)
        }

        func isOver(at now: Timestamp) -> Bool {
            if let lockedUntil, now < lockedUntil { return false }
            guard let last = failures.last else { return true }
            return !(0..<SignatureLockout.period).contains(now.milliseconds(since: last))
        }
    }

    private let records = Mutex<[Caller: Record]>([:])

    func isLocked(_ caller: Caller, at now: Timestamp) -> Bool {
        records.withLock { records in
            guard !records.isEmpty, let lockedUntil = records[caller]?.lockedUntil else { return false }
            return now < lockedUntil
        }
    }

    func failed(_ caller: Caller, at now: Timestamp) {
        records.withLock { records in
            if records.count >= Self.capacity, records[caller] == nil { Self.prune(&records, at: now) }
            var record = records[caller] ?? Record()
            record.fail(at: now)
            records[caller] = record
        }
    }

    private static func prune(_ records: inout [Caller: Record], at now: Timestamp) {
        records = records.filter { !$0.value.isOver(at: now) }
        if records.count >= capacity { records = records.filter { $0.value.lockedUntil != nil } }
        if records.count >= capacity { records = [:] }
    }
}

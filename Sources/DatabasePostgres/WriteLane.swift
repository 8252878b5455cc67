import ChatProtocol
import Database

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Writes groups of operations over one connection, and tries again where that is safe.
struct WriteLane: Sendable {
    /// How often an operation is begun that loses against others again and again.
    private static let mostAttempts = 6

    let session: Session
    let configuration: PostgresDatabase.Configuration

    @Sendable func run(_ jobs: [WriteOperation]) {
        let ordered = jobs.enumerated().sorted { left, right in
            (TurnLock.place(of: left.element.turn), left.offset) < (
                TurnLock.place(of: right.element.turn), right.offset
            )
        }.map(\.element)
        guard ordered.count > 1 else { return runOneByOne(ordered) }
        switch attempt(ordered) {
        case .answered: break
        case .failed(let error): refuse(ordered, error)
        case .undone(let fault) where fault.effect == .connection || fault.effect == .readOnly:
            // As nothing was committed, all of them go again over a new connection.
            switch attempt(ordered) {
            case .answered: break
            case .failed(let error): refuse(ordered, error)
            case .undone(let fault) where fault.effect == .connection || fault.effect == .readOnly:
                refuse(ordered, fault.error)
            case .undone: runOneByOne(ordered)
            }
        case .undone: runOneByOne(ordered)
        }
    }

    /// Runs each operation in a transaction of its own, so that each has its own fate.
    private func runOneByOne(_ jobs: [WriteOperation]) {
        // Who comes later in a turn that is not to be had is not kept waiting for it again.
        var stuck: [Turn: DatabaseError] = [:]
        for job in jobs {
            if let error = stuck[job.turn] {
                job.refuse(.internalFault(error))
            } else if let fault = runAlone(job) {
                if fault.effect == .lockTimeout { stuck[job.turn] = fault.error }
                job.refuse(.internalFault(fault.error))
            }
        }
    }

    /// - Returns: why it was not done; nil when it is answered.
    private func runAlone(_ job: WriteOperation) -> Fault? {
        var hasReconnected = false
        var attempts = 1
        while true {
            switch attempt([job]) {
            case .answered: return nil
            case .failed(let error): return Fault(.connection, error)
            case .undone(let fault):
                switch fault.effect {
                case .connection where !hasReconnected, .readOnly where !hasReconnected:
                    hasReconnected = true
                case .conflict where attempts < Self.mostAttempts:
                    usleep(1000 << UInt32(attempts))
                    attempts += 1
                case .connection, .readOnly, .conflict, .lockTimeout, .statement:
                    return fault
                }
            }
        }
    }

    private func attempt(_ jobs: [WriteOperation]) -> GroupCommit.Ending {
        do throws(DatabaseError) {
            return try session.use { connection, server in
                GroupCommit(jobs: jobs, schema: server.schema, onCommit: configuration.onCommit).run(on: connection)
            }
        } catch {
            return .failed(error)
        }
    }

    private func refuse(_ jobs: [WriteOperation], _ error: DatabaseError) {
        for job in jobs { job.refuse(.internalFault(error)) }
    }
}

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

    /// What became of a group.
    private enum Outcome {
        /// Everybody is answered.
        case answered
        /// Nothing was done and nobody was answered: it may be tried again.
        case undone(Fault)
        /// Nobody was answered, and everybody is to be refused.
        case failed(DatabaseError)
    }

    let session: Session
    let configuration: PostgresDatabase.Configuration
    let uncertainty: Uncertainty

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

    private func attempt(_ jobs: [WriteOperation]) -> Outcome {
        do throws(DatabaseError) {
            let ending = try session.use { connection, server in
                GroupCommit(jobs: jobs, server: server, onCommit: configuration.onCommit).run(on: connection)
            }
            switch ending {
            case .answered: return .answered
            case .undone(let fault): return .undone(fault)
            case .failed(let error): return .failed(error)
            case .lost(let commit): return settle(commit)
            }
        } catch {
            return .failed(error)
        }
    }

    /// Finds out what became of a commit that was not answered, and does what follows from it.
    private func settle(_ commit: LostCommit) -> Outcome {
        let fate: LostCommit.Fate
        do throws(DatabaseError) {
            fate = try session.use { connection, server in
                let fate = commit.fate(over: connection, server.life, until: .now + configuration.reconnecting)
                if fate == .unknown { uncertainty.note(commit.transaction) }
                return fate
            }
        } catch {
            uncertainty.note(commit.transaction)
            fate = .unknown
        }
        switch fate {
        case .committed:
            commit.answer()
            return .answered
        case .undone: return .undone(commit.fault)
        case .unknown:
            let what = "\(commit.fault.error.message); whether the writes were committed is not known"
            return .failed(DatabaseError(.uncertain, what))
        }
    }

    private func refuse(_ jobs: [WriteOperation], _ error: DatabaseError) {
        for job in jobs { job.refuse(.internalFault(error)) }
    }
}

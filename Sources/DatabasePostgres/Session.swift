import Database
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A place for one connection: opened when it is first needed, and again when it was lost.
final class Session: Sendable {
    private struct State {
        var connection: (Connection, Connection.Welcome)?
        /// Since when the server cannot be reached, how often that was tried, and when it is to be tried again.
        var outage:
            (since: ContinuousClock.Instant, attempts: Int, next: ContinuousClock.Instant, error: DatabaseError)?
    }

    private static let shortestPause = Duration.milliseconds(50)
    private static let longestPause = Duration.seconds(2)

    private let target: ConnectionString
    private let configuration: PostgresDatabase.Configuration
    private let timeline: Timeline
    private let uncertainty: Uncertainty
    private let damage: StorageDamage
    private let state = Mutex(State())

    init(
        _ target: ConnectionString,
        _ configuration: PostgresDatabase.Configuration,
        _ timeline: Timeline,
        _ uncertainty: Uncertainty,
        _ damage: StorageDamage
    ) {
        (self.target, self.configuration) = (target, configuration)
        (self.timeline, self.uncertainty, self.damage) = (timeline, uncertainty, damage)
    }

    /// Tries once to connect.
    func open() throws(DatabaseError) -> PostgresDatabase.ServerFacts {
        try state.withLock { state throws(DatabaseError) in
            let (_, welcome) = try connect(&state)
            return PostgresDatabase.ServerFacts(
                version: welcome.version,
                isDurable: welcome.isDurable,
                hasChecksums: welcome.hasChecksums
            )
        }
    }

    /// Hands `body` a connection, waiting for the server for a while when there is none.
    ///
    /// - Parameter body: also told what is known of the server; called on the caller's thread.
    func use<Value: Sendable>(_ body: (Connection, Connection.Welcome) -> Value) throws(DatabaseError) -> Value {
        let (value, isAnswered) = try state.withLock { state throws(DatabaseError) in
            state.connection?.0.notice()
            let (connection, server) =
                if let standing = usable(state.connection) { standing } else { try reconnect(&state) }
            let value = body(connection, server)
            uncertainty.look(over: connection, server.life)
            if connection.isLost { state.connection = nil }
            return (value, !connection.isLost)
        }
        if isAnswered { uncertainty.settle() }
        return value
    }

    /// Not once the server is known to be behind another one.
    private func usable(_ standing: (Connection, Connection.Welcome)?) -> (Connection, Connection.Welcome)? {
        guard let (connection, server) = standing, !connection.isLost, server.timeline >= timeline.greatest
        else { return nil }
        return (connection, server)
    }

    func close() {
        state.withLock { $0.connection = nil }
    }

    /// Once the server has been away for longer than anyone waits, who comes is refused at once, and only every now and
    /// then somebody tries.
    private func reconnect(_ state: inout State) throws(DatabaseError) -> (Connection, Connection.Welcome) {
        state.connection = nil
        let deadline = (state.outage?.since ?? .now) + configuration.reconnecting
        while true {
            if let outage = state.outage, outage.next > .now {
                guard outage.next <= deadline else { throw outage.error }
                Self.sleep(until: outage.next)
            }
            do throws(DatabaseError) {
                return try connect(&state)
            } catch {
                let attempts = (state.outage?.attempts ?? 0) + 1
                let pause = min(Self.longestPause, Self.shortestPause * (1 << min(attempts, 10)))
                state.outage = (state.outage?.since ?? .now, attempts, .now + pause, error)
                guard .now + pause <= deadline else { throw error }
            }
        }
    }

    private func connect(_ state: inout State) throws(DatabaseError) -> (Connection, Connection.Welcome) {
        do throws(Fault) {
            let (connection, welcome) = try Connection.open(target, configuration, damage)
            guard timeline.admit(welcome.timeline) else { throw outdated(connection, welcome) }
            (state.connection, state.outage) = ((connection, welcome), nil)
            return (connection, welcome)
        } catch {
            throw error.error
        }
    }

    private func outdated(_ connection: Connection, _ server: Connection.Welcome) -> Fault {
        .lost(
            connection.place,
            """
            it is on timeline \(server.timeline), but \(timeline.greatest) has been seen: an old primary that came back, \
            or an older state; nothing is written to it. If it is the one that shall be used, stop all nodes, then start them
            """
        )
    }

    private static func sleep(until moment: ContinuousClock.Instant) {
        let microseconds = (moment - .now) / .microseconds(1)
        if microseconds > 0 { usleep(UInt32(microseconds)) }
    }
}

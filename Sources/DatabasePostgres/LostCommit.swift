import Database

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// For as long as it is the same, a server gives no transaction a number that another one has had.
///
/// After a crash those are given again that were not on the disk yet, and a standby that is promoted gives those that it
/// had not received. A crash shows in the server's statistics, which survive a stop but no crash: they begin anew.
struct ServerLife: Sendable, Equatable {
    let timeline: Int64
    /// Since when the server's statistics count.
    let statisticsReset: String
}

/// A transaction as its server knows it for as long as it lives.
struct NumberedTransaction: Sendable {
    let number: Int64
    let life: ServerLife

    /// Whether the server is at it still, so that nobody sees yet what it did; also when the connection is lost before
    /// there is an answer.
    ///
    /// - Parameter current: the life of the server that the connection leads to.
    func isUnderWay(over connection: Connection, _ current: ServerLife?) -> Bool {
        guard life == current else { return false }
        guard !connection.isLost else { return true }
        do throws(Fault) {
            return try connection.status(ofTransaction: number) == "in progress"
        } catch {
            return error.effect == .connection
        }
    }
}

/// A transaction whose commit was not answered: it may be committed or not, or be at it still.
struct LostCommit: Sendable {
    enum Fate: Sendable {
        case committed, undone
        /// The server does not know, is at it still, or cannot be asked.
        case unknown
    }

    /// Between two looks at a transaction that is at it still, in microseconds.
    private static let pause: UInt32 = 20_000

    /// Nil when its number was not found out.
    let transaction: NumberedTransaction?
    /// Why there was no answer.
    let fault: Fault
    /// Answers everybody, as after a commit.
    let answer: @Sendable () -> Void

    /// Asks the server what became of it.
    ///
    /// - Parameters:
    ///   - connection: a new one.
    ///   - current: the life of the server that it leads to.
    ///   - deadline: until when the transaction's end is waited for.
    func fate(over connection: Connection, _ current: ServerLife?, until deadline: ContinuousClock.Instant) -> Fate {
        guard let transaction, transaction.life == current else { return .unknown }
        do throws(Fault) {
            while true {
                switch try connection.status(ofTransaction: transaction.number) {
                case "committed":
                    try connection.makeDurable()
                    return .committed
                case "aborted": return .undone
                case "in progress" where .now < deadline: usleep(Self.pause)
                default: return .unknown
                }
            }
        } catch {
            return .unknown
        }
    }
}

extension Connection {
    /// What `pg_xact_status` says: "committed", "aborted", "in progress", or nothing of one that is long ago.
    fileprivate func status(ofTransaction number: Int64) throws(Fault) -> String? {
        try value(of: "SELECT pg_xact_status(\(String(number))::xid8)")?.text
    }

    /// Returns when everything that was committed is where an answered commit is: on the disk, and at the standby if one
    /// is waited for, which a commit of which nobody waits for the answer is not.
    fileprivate func makeDurable() throws(Fault) {
        _ = try value(of: "SELECT pg_logical_emit_message(true, 'rostrum', '')::text")
    }

    private func value(of query: SQL) throws(Fault) -> SQLValue? {
        let reply = try finish(query)
        do throws(DatabaseError) {
            return try reply.rows(upTo: 1).first?.values.first
        } catch {
            throw Fault(.statement, error)
        }
    }
}

extension SQLValue {
    fileprivate var text: String? {
        if case .text(let text) = self { text } else { nil }
    }
}

import ChatProtocol
import Database

/// The advisory locks by which writes take turns, on whatever node they are.
///
/// They are PostgreSQL's own pairs of numbers: the schema's, so that installations in one database do not wait for each
/// other, and the application's, or 0 for the whole installation, which writes of one application share.
enum TurnLock {
    static func installation(of schema: Int64) -> SQL {
        "SELECT pg_advisory_xact_lock(\(half(schema))::int4, 0)"
    }

    static func share(of schema: Int64) -> SQL {
        "SELECT pg_advisory_xact_lock_shared(\(half(schema))::int4, 0)"
    }

    static func application(_ number: Int64, of schema: Int64) -> SQL {
        "SELECT pg_advisory_xact_lock(\(half(schema))::int4, \(half(number))::int4)"
    }

    /// Groups take their locks in this order, so that no two of them wait for each other.
    static func place(of turn: Turn) -> Int64 {
        switch turn {
        case .installation: .min
        case .application(let id): half(id.rawValue)
        case .unordered: .max
        }
    }

    /// The same 32 bits as a signed number, which the locks are named by.
    private static func half(_ number: Int64) -> Int64 {
        Int64(Int32(truncatingIfNeeded: number))
    }
}

import CLibpq
import Database

/// What a connection reported, and what that does to the transaction.
struct Fault: Error {
    enum Effect {
        /// The statement failed; what came before it is kept by a savepoint.
        case statement
        /// The transaction lost against another one: from its start it may succeed.
        case conflict
        /// Somebody kept a lock for longer than we wait.
        case lockTimeout
        /// The server only reads: where one that writes was connected to, it is another host's turn.
        case readOnly
        /// The connection is of no more use.
        case connection
    }

    let effect: Effect
    let error: DatabaseError

    init(_ effect: Effect, _ error: DatabaseError) {
        (self.effect, self.error) = (effect, error)
    }

    /// The connection's end, or what is as good as one.
    static func lost(_ place: String, _ what: String) -> Fault {
        Fault(.connection, DatabaseError(.unavailable, "\(place): \(what)"))
    }

    /// What the server answered in place of a result.
    init(_ result: OpaquePointer, at place: String) {
        let state = Self.field(Self.stateField, of: result) ?? ""
        let isFatal = ["FATAL", "PANIC"].contains(Self.field(Self.severityField, of: result) ?? "")
        let (kind, hint) = Self.meaning(of: state)
        // What PostgreSQL says of unfit values repeats them.
        let detail = state.hasPrefix("22") ? nil : Self.field(Self.messageField, of: result)
        error = DatabaseError(kind, "\(place): \(hint) [PostgreSQL: \(detail ?? "no message") (\(state))]")
        effect =
            switch state {
            case "40001", "40P01": .conflict
            case "55P03": .lockTimeout
            case "25006": .readOnly
            // A prepared query whose columns are of other types now: a newer node has changed the table.
            case "0A000" where Self.field(Self.functionField, of: result) == "RevalidateCachedQuery": .connection
            case _ where isFatal || state.hasPrefix("08") || state.hasPrefix("57P"): .connection
            default: .statement
            }
    }

    /// PostgreSQL's SQLSTATE codes, by class and where it matters one by one.
    private static func meaning(of state: String) -> (DatabaseError.Kind, String) {
        switch state {
        case "25006": return (.readOnly, "the server only reads; a standby, or in recovery")
        case "40001", "40P01": return (.busy, "the transaction lost against another one")
        case "42501": return (.readOnly, "the database's user may not do this; check his grants")
        case "53100": return (.full, "the server's disk is full; make room, then retry")
        case "55P03": return (.busy, "another transaction holds a lock; try again when it has finished")
        case "57014": return (.busy, "the statement took too long and was cancelled")
        case "XX001", "XX002": return (.corrupt, "the data is damaged; restore it from a backup")
        default: break
        }
        switch state.prefix(2) {
        case "23": return (.constraint, "a constraint refused the statement")
        case "0A", "21", "22", "25", "26", "34", "3F", "42", "54": return (.statement, "the statement was not accepted")
        case "28", "3D": return (.unavailable, "the server refuses the login; check user, password and database")
        case "53": return (.unavailable, "the server is short of memory, connections or other resources")
        default: return (.unavailable, "the server reported a failure")
        }
    }

    // Fields of an error, which libpq's header has as character constants.
    private static let severityField = Int32(UInt8(ascii: "V"))
    private static let stateField = Int32(UInt8(ascii: "C"))
    private static let functionField = Int32(UInt8(ascii: "R"))
    private static let messageField = Int32(UInt8(ascii: "M"))

    private static func field(_ code: Int32, of result: OpaquePointer) -> String? {
        PQresultErrorField(result, code).map { String(cString: $0) }
    }
}

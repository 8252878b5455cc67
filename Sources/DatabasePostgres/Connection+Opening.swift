import CLibpq
import Database

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension Connection {
    /// What a new connection learns of the server.
    struct Welcome: Sendable {
        /// As `server_version_num` has it: 150004 is 15.4.
        let version: Int64
        /// Whether the server writes to disk what it says it has written.
        let isDurable: Bool
        /// Whether its pages have checksums.
        let hasChecksums: Bool
        /// The number of the schema that statements find their tables in.
        let schema: Int64
        /// The server's timeline, which a failover changes; 0 for an engine that has none.
        let timeline: Int64
        /// Nil where a transaction's number does not tell later what became of it.
        let life: ServerLife?
    }

    /// Connects, and makes the session what the engine needs.
    static func open(
        _ target: ConnectionString,
        _ configuration: PostgresDatabase.Configuration,
        _ damage: StorageDamage
    ) throws(Fault) -> (Connection, Welcome) {
        let pairs = target.parameters.map { ($0.key, $0.value) }
        let server = withCStrings(pairs.map(\.0)) { names in
            withCStrings(pairs.map(\.1)) { values in PQconnectdbParams(names, values, 0) }
        }
        guard let server else { throw Fault.lost(target.place, "no memory for a connection") }
        guard PQstatus(server) == CONNECTION_OK else {
            defer { PQfinish(server) }
            let message = PQerrorMessage(server).map { String(cString: $0) } ?? ""
            throw Fault.lost(target.place, oneLine(message))
        }
        let connection = try Connection(
            server,
            place: place(of: server),
            patience: configuration.patience,
            statements: configuration.preparedStatements,
            damage: damage
        )
        return (connection, try connection.settle(configuration))
    }

    private static func place(of server: OpaquePointer) -> String {
        func text(_ characters: UnsafeMutablePointer<CChar>?) -> String {
            characters.map { String(cString: $0) } ?? ""
        }
        return "PostgreSQL at \(text(PQhost(server))):\(text(PQport(server)))/\(text(PQdb(server)))"
    }

    private func settle(_ configuration: PostgresDatabase.Configuration) throws(Fault) -> Welcome {
        let milliseconds = { (duration: Duration) in "\(Int64(duration / .milliseconds(1)))" }
        // What is committed is on disk before anyone is told; an administrator may ask for more than that.
        let settings: SQL = """
            SELECT set_config('statement_timeout', \(milliseconds(configuration.statementTimeout)), false),
                set_config('lock_timeout', \(milliseconds(configuration.lockTimeout)), false),
                set_config('idle_in_transaction_session_timeout', \(milliseconds(configuration.idleTimeout)), false),
                set_config('client_min_messages', 'error', false),
                set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                    ELSE current_setting('synchronous_commit') END, false)
            """
        _ = try finish(settings)
        let facts: SQL = """
            SELECT current_setting('server_version_num')::bigint, current_setting('fsync') = 'on',
                COALESCE(current_setting('data_checksums', true) = 'on', false), current_schema()::regnamespace::oid::bigint
            """
        guard let row = try rows(finish(facts)).first else { throw Fault.lost(place, "it tells nothing of itself") }
        do {
            let timeline = try timeline()
            return Welcome(
                version: try row.integer(0),
                isDurable: try row.bool(1),
                hasChecksums: try row.bool(2),
                schema: try row.integer(3),
                timeline: timeline,
                life: timeline == 0 ? nil : try life(on: timeline)
            )
        } catch let fault as Fault {
            throw fault
        } catch {
            throw Fault.lost(place, "there is no schema in its search_path; make it, or correct the connection string")
        }
    }

    /// The timeline that is being written.
    ///
    /// The control file's is not renewed before the first checkpoint after a
    /// promotion; the log's file names are at once.
    private func timeline() throws(Fault) -> Int64 {
        let query: SQL = """
            SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint
            """
        do throws(Fault) {
            return try rows(finish(query)).first.flatMap { row in try? row.integer(0) } ?? 0
        } catch {
            // Compatible engines have no write-ahead log to look at, and lose nothing when they fail over.
            guard error.effect == .statement else { throw error }
            return 0
        }
    }

    private func life(on timeline: Int64) throws(Fault) -> ServerLife? {
        do throws(Fault) {
            let row = try rows(finish("SELECT stats_reset::text FROM pg_stat_bgwriter")).first
            return row.flatMap { try? $0.text(0) }.map { ServerLife(timeline: timeline, statisticsReset: $0) }
        } catch {
            guard error.effect == .statement else { throw error }
            return nil
        }
    }

    private func rows(_ reply: consuming Reply) throws(Fault) -> [Row] {
        do throws(DatabaseError) {
            return try reply.rows()
        } catch {
            throw Fault(.statement, error)
        }
    }
}

/// Calls `body` with an array of C strings that ends with null.
private func withCStrings<Value>(_ texts: [String], _ body: ([UnsafePointer<CChar>?]) -> Value) -> Value {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies.map { UnsafePointer($0) } + [nil])
}

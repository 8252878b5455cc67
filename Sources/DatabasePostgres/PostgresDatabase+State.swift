package import ChatProtocol
import Database

extension PostgresDatabase {
    /// What an operator may have to look at.
    package struct ServerState: Sendable {
        /// The server's clock, in milliseconds since 1970.
        package let milliseconds: Int64
        package let maxConnections: Int64
        /// Of everybody, this one included.
        package let connections: Int64
    }

    package func state() async throws(ChatError) -> ServerState {
        try await read { tx throws(ChatError) in
            let row = try tx.row(
                """
                SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
                    current_setting('max_connections')::bigint, (SELECT count(*) FROM pg_stat_activity)
                """
            )
            guard let row else {
                throw .internalFault(DatabaseError(.unavailable, "the server tells nothing of itself"))
            }
            return ServerState(
                milliseconds: try row.integer(0),
                maxConnections: try row.integer(1),
                connections: try row.integer(2)
            )
        }
    }
}

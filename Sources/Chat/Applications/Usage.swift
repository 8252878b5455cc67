import ChatProtocol
import Database

/// What an application has of the things that its plan counts.
///
/// The counters stand in one row; taking from them locks it, so that a quota holds exactly however many ask at once.
package struct Usage: Sendable, Equatable {
    package let channels: Int64
    package let accounts: Int64

    static func current(of id: SDKAppID, in tx: any Transaction) throws(ChatError) -> Usage {
        let row = try tx.row("SELECT channels, accounts FROM application_usage WHERE app = \(id)")
        guard let row else { return Usage(channels: 0, accounts: 0) }
        return Usage(channels: try row.integer(0), accounts: try row.integer(1))
    }

    /// - Parameter limit: 0 for none.
    /// - Returns: whether there was room for one more.
    static func takeChannel(of id: SDKAppID, limit: Int64, in tx: any Transaction) throws(ChatError) -> Bool {
        let most = limit == 0 ? Int64.max : limit
        return try tx.execute(
            "UPDATE application_usage SET channels = channels + 1 WHERE app = \(id) AND channels < \(most)"
        ) == 1
    }

    /// - Parameter limit: 0 for none.
    /// - Returns: whether there was room for one more.
    static func takeAccount(of id: SDKAppID, limit: Int64, in tx: any Transaction) throws(ChatError) -> Bool {
        let most = limit == 0 ? Int64.max : limit
        return try tx.execute(
            "UPDATE application_usage SET accounts = accounts + 1 WHERE app = \(id) AND accounts < \(most)"
        ) == 1
    }

    /// Counts an account that is there whatever the quota says.
    static func countAccount(of id: SDKAppID, in tx: any Transaction) throws(ChatError) {
        try tx.execute("UPDATE application_usage SET accounts = accounts + 1 WHERE app = \(id)")
    }

    static func release(
        channels: Int = 0,
        accounts: Int = 0,
        of id: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) {
        try tx.execute(
            """
            UPDATE application_usage SET channels = channels - \(channels), accounts = accounts - \(accounts)
            WHERE app = \(id)
            """
        )
    }
}

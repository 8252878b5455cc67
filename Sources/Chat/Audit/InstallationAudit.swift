import ChatProtocol
import Database

/// The record of what belongs to no application: operators and their sessions, and applications that were made or
/// deleted, whose own record nobody can look at any more.
enum InstallationAudit {
    /// How long an entry is kept, in seconds: a year, and time to look back at it.
    static let lifetime: Int64 = 400 * 86_400

    static func record(_ entry: AuditEntry, in tx: any Transaction) throws(ChatError) {
        try tx.execute(
            """
            INSERT INTO operator_audit (at, request, operator, address, action, target)
            VALUES (\(entry.time), \(entry.requestID), \(entry.caller), \(entry.address), \(entry.action),
                \(entry.target))
            """
        )
    }

    /// The newest entries, newest first.
    ///
    /// - Parameter last: the last entry of the page before; nil for the first page.
    static func newest(
        _ limit: Int,
        before last: (Timestamp, String)?,
        in tx: any Transaction
    ) throws(ChatError) -> [AuditEntry] {
        let (time, request) = last ?? (Timestamp(milliseconds: .max), "")
        return try tx.rows(
            """
            SELECT at, request, operator, address, action, target FROM operator_audit
            WHERE (at, request) < (\(time), \(request))
            ORDER BY at DESC, request DESC LIMIT \(limit)
            """
        ).map { row throws(ChatError) in
            AuditEntry(
                time: try row.timestamp(0),
                requestID: try row.text(1),
                caller: try row.text(2),
                address: try row.text(3),
                action: try row.text(4),
                target: try row.text(5)
            )
        }
    }

    /// Forgets entries that are older than ``lifetime``, at most `batch` of them.
    ///
    /// - Returns: how many went.
    static func sweep(at now: Timestamp, batch: Int, in tx: any Transaction) throws(ChatError) -> Int {
        let oldest = now.advanced(bySeconds: -lifetime)
        return try tx.execute(
            """
            DELETE FROM operator_audit WHERE (at, request) IN (
                SELECT at, request FROM operator_audit WHERE at < \(oldest) ORDER BY at LIMIT \(batch)
            )
            """
        )
    }
}

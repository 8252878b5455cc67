import ChatProtocol
import Database

extension OperatorTable {
    /// How long an entry of the operators' audit is kept, in seconds: a year, and time to look back at it.
    static let auditLifetime: Int64 = 400 * 86_400

    /// Forgets entries of the audit that are older than ``auditLifetime``, at most `batch` of them.
    ///
    /// - Returns: how many went.
    static func sweepAudit(at now: Timestamp, batch: Int, in tx: any Transaction) throws(ChatError) -> Int {
        let oldest = now.advanced(bySeconds: -auditLifetime)
        return try tx.execute(
            """
            DELETE FROM operator_audit WHERE (at, request) IN (
                SELECT at, request FROM operator_audit WHERE at < \(oldest) ORDER BY at LIMIT \(batch)
            )
            """
        )
    }
}

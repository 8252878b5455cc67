package import ChatProtocol
package import Database

/// The record of who changed what, from where: one row a change, written in the change's own transaction.
package struct AuditEntry: Sendable, Equatable {
    package let time: Timestamp
    /// The `RequestId` that the caller was answered with.
    package let requestID: String
    package let caller: String
    package let address: String
    /// The command's name, or the command line's words.
    package let action: String
    /// What it was done to; several names are joined by commas.
    package let target: String
}

package enum Audit {
    /// Records a change by a caller of the API; a call makes one change.
    package static func record(
        _ action: String,
        of target: String,
        by call: Call,
        in tx: any Transaction
    ) throws(ChatError) {
        let entry = AuditEntry(
            time: call.time,
            requestID: call.requestID,
            caller: call.performer,
            address: call.address,
            action: action,
            target: target
        )
        try record(entry, of: call.application.id, in: tx)
    }

    /// Records a change, whoever made it.
    package static func record(
        _ entry: AuditEntry,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) {
        try tx.execute(
            """
            INSERT INTO audit (app, at, request, operator, address, action, target)
            VALUES (\(application), \(entry.time), \(entry.requestID), \(entry.caller), \(entry.address),
                \(entry.action), \(entry.target))
            """
        )
    }

    /// The newest entries of an application, newest first.
    ///
    /// - Parameters:
    ///   - limit: at most so many.
    ///   - last: time and request of the last entry of the page before; nil for the first page.
    package static func newest(
        _ limit: Int,
        before last: (Timestamp, String)? = nil,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> [AuditEntry] {
        let (time, request) = last ?? (Timestamp(milliseconds: .max), "")
        let rows = try tx.rows(
            """
            SELECT at, request, operator, address, action, target FROM audit
            WHERE app = \(application) AND (at, request) < (\(time), \(request))
            ORDER BY at DESC, request DESC LIMIT \(limit)
            """
        )
        return try rows.map { row throws(ChatError) in try entry(row) }
    }

    /// What the call of that `RequestId` changed.
    ///
    /// With `+ 0` the order is of no index, so that SQLite finds by the request and does not walk through the audit.
    package static func entries(
        of request: String,
        of application: SDKAppID,
        in tx: any Transaction
    ) throws(ChatError) -> [AuditEntry] {
        let rows = try tx.rows(
            """
            SELECT at, request, operator, address, action, target FROM audit
            WHERE app = \(application) AND request = \(request) ORDER BY at + 0 LIMIT 10
            """
        )
        return try rows.map { row throws(ChatError) in try entry(row) }
    }

    private static func entry(_ row: Row) throws(ChatError) -> AuditEntry {
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

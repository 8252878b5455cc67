package import ChatProtocol
import Database

/// An application as a list shows it: without keys, admins and webhooks.
package struct ApplicationSummary: Sendable {
    package let id: SDKAppID
    package let name: String
    package let plan: Plan
    package let isEnabled: Bool
    /// The limits in force.
    package let limits: Limits
    package let usage: Usage
    package let channelServiceIsEnabled: Bool
    /// The first moment without the channel service; nil when there is none.
    package let channelServiceEnd: Timestamp?
}

extension Applications {
    /// Applications by number; a page costs two queries, wherever it is.
    ///
    /// - Parameter last: the last of the page before; nil for the first page.
    package func page(after last: SDKAppID?, limit: Int) async throws(ChatError) -> [ApplicationSummary] {
        try await database.read { [table] tx throws(ChatError) in
            try table.summaries(after: last, limit: limit, in: tx)
        }
    }
}

extension ApplicationTable {
    func summaries(
        after last: SDKAppID?,
        limit: Int,
        in tx: any Transaction
    ) throws(ChatError) -> [ApplicationSummary] {
        let rows = try tx.rows(
            """
            SELECT applications.app, name, plan, enabled, channel_service_enabled, channel_service_expires_at,
                created_at, channels, accounts
            FROM applications JOIN application_usage ON application_usage.app = applications.app
            WHERE applications.app > \(last?.rawValue ?? 0) ORDER BY applications.app LIMIT \(limit)
            """
        )
        guard let first = rows.first, let last = rows.last else { return [] }
        let ownLimits = try ownLimits(of: first.application(0)...last.application(0), in: tx)
        return try rows.map { row throws(ChatError) in
            let id = try row.application(0)
            let plan: Plan = try row.value(2)
            let limits = plan.limits.replacing(ownLimits[id] ?? [:]).replacing(overrides)
            let (expiry, creation) = (try row.optionalTimestamp(5), try row.timestamp(6))
            return ApplicationSummary(
                id: id,
                name: try row.text(1),
                plan: plan,
                isEnabled: try row.bool(3),
                limits: limits,
                usage: Usage(channels: try row.integer(7), accounts: try row.integer(8)),
                channelServiceIsEnabled: try row.bool(4),
                channelServiceEnd: expiry ?? limits.channelServiceEnd(since: creation)
            )
        }
    }

    private func ownLimits(
        of ids: ClosedRange<SDKAppID>,
        in tx: any Transaction
    ) throws(ChatError) -> [SDKAppID: [Limits.Name: Int64]] {
        var limits: [SDKAppID: [Limits.Name: Int64]] = [:]
        let rows = try tx.rows(
            """
            SELECT app, name, value FROM application_limits
            WHERE app >= \(ids.lowerBound) AND app <= \(ids.upperBound)
            """
        )
        for row in rows {
            let name: Limits.Name = try row.value(1)
            limits[try row.application(0), default: [:]][name] = try row.integer(2)
        }
        return limits
    }
}

import ChatProtocol
import Database

/// The rows of one incarnation of a channel.
struct ChannelRows: Sendable {
    let channel: ChannelID
    let incarnation: Int64
}

extension ArchiveKind {
    private var columns: String { members.map(\.column).joined(separator: ", ") }

    /// Rows in the order of the key, each with the values of ``members``.
    ///
    /// Subscriptions of accounts that were deleted, and have yet to go, are left out.
    ///
    /// - Parameters:
    ///   - rows: the channel's, of a kind that belongs to one.
    ///   - key: that of the last row before; nil for the first ones.
    func page(
        of application: SDKAppID,
        _ rows: ChannelRows?,
        after key: SQLValue?,
        limit: Int,
        in tx: any Transaction
    ) throws(ChatError) -> [[SQLValue]] {
        var parts = selection(of: application, rows)
        if let key {
            parts.appendLiteral(" AND \(self.key.column) > ")
            parts.appendInterpolation(key)
        }
        if table == Self.subscription.table {
            parts.appendLiteral(
                """
                 AND EXISTS (SELECT 1 FROM accounts WHERE accounts.app = subscriptions.app
                    AND accounts.id = subscriptions.account)
                """
            )
        }
        parts.appendLiteral(" ORDER BY \(self.key.column) LIMIT ")
        parts.appendInterpolation(limit)
        return try tx.rows(SQL(stringInterpolation: parts)).map(\.values)
    }

    /// Those rows that are there of some keys.
    func rows(
        of application: SDKAppID,
        _ rows: ChannelRows?,
        keys: [SQLValue],
        in tx: any Transaction
    ) throws(ChatError) -> [SQLValue: [SQLValue]] {
        var parts = selection(of: application, rows)
        parts.appendLiteral(" AND \(key.column) IN (")
        parts.appendInterpolation(list: keys)
        parts.appendLiteral(")")
        var found: [SQLValue: [SQLValue]] = [:]
        for row in try tx.rows(SQL(stringInterpolation: parts)) { found[row.values[0]] = row.values }
        return found
    }

    /// Adds those rows whose key is free.
    ///
    /// - Parameter incarnations: for channels, that of each.
    /// - Returns: the keys of those that were added.
    func insert(
        _ values: [[SQLValue]],
        of application: SDKAppID,
        _ rows: ChannelRows?,
        incarnations: [Int64] = [],
        in tx: any Transaction
    ) throws(ChatError) -> Set<SQLValue> {
        let isChannel = !incarnations.isEmpty
        let place = rows.map { [$0.channel.sqlValue, .integer($0.incarnation)] } ?? []
        let placeColumns = isOfChannel ? "channel, incarnation, " : isChannel ? "incarnation, " : ""
        var parts = SQL.Parts(literalCapacity: 512, interpolationCount: values.count * (members.count + 3))
        parts.appendLiteral("INSERT INTO \(table) (app, \(placeColumns)\(columns)) VALUES ")
        parts.appendInterpolation(
            rows: values.enumerated().map { position, row in
                let own: [SQLValue] = isChannel ? [.integer(incarnations[position])] : place
                return [application.sqlValue] + own + row
            }
        )
        parts.appendLiteral(" ON CONFLICT DO NOTHING RETURNING \(key.column)")
        return Set(try tx.rows(SQL(stringInterpolation: parts)).map { $0.values[0] })
    }

    private func selection(of application: SDKAppID, _ rows: ChannelRows?) -> SQL.Parts {
        var parts = SQL.Parts(literalCapacity: 512, interpolationCount: 8)
        parts.appendLiteral("SELECT \(columns) FROM \(table) WHERE app = ")
        parts.appendInterpolation(application)
        if let rows {
            parts.appendLiteral(" AND channel = ")
            parts.appendInterpolation(rows.channel)
            parts.appendLiteral(" AND incarnation = ")
            parts.appendInterpolation(rows.incarnation)
        }
        return parts
    }
}

extension ChannelRows {
    /// A channel's; nil when there is none.
    init?(of channel: ChannelID, _ application: SDKAppID, in tx: any Transaction) throws(ChatError) {
        let row = try tx.row("SELECT incarnation FROM channels WHERE app = \(application) AND id = \(channel)")
        guard let row else { return nil }
        self.init(channel: channel, incarnation: try row.integer(0))
    }

    /// How many subscribe whose accounts are there.
    func subscribers(of application: SDKAppID, in tx: any Transaction) throws(ChatError) -> Int64 {
        try tx.row(
            """
            SELECT count(*) FROM subscriptions JOIN accounts ON accounts.app = subscriptions.app
                AND accounts.id = subscriptions.account
            WHERE subscriptions.app = \(application) AND channel = \(channel) AND incarnation = \(incarnation)
            """
        )?.integer(0) ?? 0
    }
}

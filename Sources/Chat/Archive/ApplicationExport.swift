package import ChatProtocol
package import Database

/// Writes everything that an application owns, a line for each thing, in an order that is always the same.
///
/// What only passes through is left out: webhooks that wait or were given up, the log of deliveries, idempotency keys,
/// and the audit, which tells of an installation. docs/export-format.md describes the lines.
package struct ApplicationExport: Sendable {
    private static let rowsInPage = 500
    /// A broadcast may have a megabyte, and a page is in memory.
    private static let broadcastsInPage = 50

    package let header: ArchiveHeader
    private let table: ApplicationTable

    package init(_ header: ArchiveHeader, secrets: SecretBox) {
        self.header = header
        table = ApplicationTable(secrets: secrets, overrides: [:])
    }

    /// About how many lines there will be.
    package func expectedLines(in tx: any Transaction) throws(ChatError) -> Int64 {
        // By what is counted already: going through the rows takes longer than a statement may.
        let usage = try Usage.current(of: header.application, in: tx)
        let row = try tx.row(
            "SELECT CAST(sum(subscribers + head_seq) AS BIGINT) FROM channels WHERE app = \(header.application)"
        )
        return usage.accounts + usage.channels + (try row?.optionalInteger(0) ?? 0) + 3
    }

    /// - Throws: 70020 when there is no such application.
    package func application(in tx: any Transaction) throws(ChatError) -> Application {
        try table.demand(header.application, in: tx)
    }

    /// Writes the lines behind a position, up to the last.
    ///
    /// - Parameters:
    ///   - position: as an ``ArchiveReader`` found it that read what is there already.
    ///   - emit: takes a line.
    /// - Throws: an internal fault caused by an ``ArchiveFault`` when an import of the application has not ended.
    package func write(
        after position: ArchivePosition,
        in tx: any Transaction,
        emit: (JSONObject) throws(ChatError) -> Void
    ) throws(ChatError) {
        var lines = Int64(position.lines)
        func write(_ object: JSONObject) throws(ChatError) {
            try emit(object)
            lines += 1
        }
        let application = try application(in: tx)
        guard try ImportRecord.find(of: header.application, in: tx) == nil else {
            throw .internalFault(
                ArchiveFault(
                    line: 0,
                    """
                    an import of application \(header.application) has not ended, and only a part of it is there: run \
                    `rostrum import` again with the same file first
                    """
                )
            )
        }
        let last = position.last
        if last == .nothing { try write(header.json) }
        if [.nothing, .header].contains(last) {
            try write(ArchivedApplication(application, withSecrets: header.hasSecrets).json)
        }
        let pages = Pages(
            application: header.application,
            tx: tx,
            hasLeavers: try DeletedSubscribers.exist(of: header.application, in: tx)
        )
        switch last {
        case .nothing, .header, .application: try pages.write(.deletedAccount, after: nil, write)
        case .deletedAccount(let key): try pages.write(.deletedAccount, after: key, write)
        case .account, .channel, .subscription, .broadcast, .end: break
        }
        switch last {
        case .nothing, .header, .application, .deletedAccount: try pages.write(.account, after: nil, write)
        case .account(let key): try pages.write(.account, after: key, write)
        case .channel, .subscription, .broadcast, .end: break
        }
        try pages.writeChannels(after: last, write)
        guard last != .end else { return }
        try emit(try ArchiveLine.end.json(after: lines))
    }

    /// Reads an application page by page.
    private struct Pages {
        typealias Write = (JSONObject) throws(ChatError) -> Void

        let application: SDKAppID
        let tx: any Transaction
        /// Whether there are subscriptions of accounts that were deleted.
        let hasLeavers: Bool

        func write(
            _ kind: ArchiveKind,
            _ rows: ChannelRows? = nil,
            after key: SQLValue?,
            _ write: Write
        ) throws(ChatError) {
            let limit = kind.name == ArchiveKind.broadcast.name ? broadcastsInPage : rowsInPage
            var key = key
            while true {
                let page = try kind.page(of: application, rows, after: key, limit: limit, in: tx)
                for values in page { try write(try kind.line(values, of: rows?.channel)) }
                guard page.count == limit, let last = page.last else { return }
                key = last[0]
            }
        }

        /// Goes on with the channel in which the position is, and then with those behind it.
        func writeChannels(after last: ArchivePosition.Last, _ write: Write) throws(ChatError) {
            var id: ChannelID?
            switch last {
            case .nothing, .header, .application, .deletedAccount, .account: break
            case .end: return
            case .channel(let channel):
                id = channel
                try writeContents(of: channel, subscriptionsAfter: nil, write)
            case .subscription(let channel, let key):
                id = channel
                try writeContents(of: channel, subscriptionsAfter: key, write)
            case .broadcast(let channel, let key):
                id = channel
                try writeBroadcasts(of: channel, after: key, write)
            }
            let kind = ArchiveKind.channel
            while true {
                // One by one: what belongs to a channel follows it.
                let page = try kind.page(of: application, nil, after: id?.sqlValue, limit: 1, in: tx)
                guard var values = page.first, case .text(let text) = values[0], let channel = ChannelID(rawValue: text)
                else { return }
                let rows = try rows(of: channel)
                if hasLeavers, let place = kind.members.firstIndex(where: { $0.name == "Subscribers" }) {
                    values[place] = .integer(try rows.subscribers(of: application, in: tx))
                }
                try write(try kind.line(values, of: nil))
                try writeContents(of: channel, subscriptionsAfter: nil, write)
                id = channel
            }
        }

        private func writeContents(
            of channel: ChannelID,
            subscriptionsAfter key: SQLValue?,
            _ write: Write
        ) throws(ChatError) {
            try self.write(.subscription, try rows(of: channel), after: key, write)
            try writeBroadcasts(of: channel, after: nil, write)
        }

        private func writeBroadcasts(
            of channel: ChannelID,
            after key: SQLValue?,
            _ write: Write
        ) throws(ChatError) {
            try self.write(.broadcast, try rows(of: channel), after: key, write)
        }

        private func rows(of channel: ChannelID) throws(ChatError) -> ChannelRows {
            guard let rows = try ChannelRows(of: channel, application, in: tx) else {
                throw .internalFault(
                    DatabaseError(.unavailable, "the channel \(channel) is gone; begin the export anew")
                )
            }
            return rows
        }
    }
}

extension ArchiveKind {
    /// The line of a row.
    ///
    /// - Parameter channel: whose it is, of a kind that belongs to one.
    func line(_ values: [SQLValue], of channel: ChannelID?) throws(ChatError) -> JSONObject {
        var line = [JSONObject.Member(name: "Kind", value: .string(name))]
        if let channel { line.append(JSONObject.Member(name: "ChannelID", value: .channel(channel))) }
        for (member, value) in zip(members, values) {
            if let json = try member.json(of: value) { line.append(JSONObject.Member(name: member.name, value: json)) }
        }
        return JSONObject(line)
    }
}

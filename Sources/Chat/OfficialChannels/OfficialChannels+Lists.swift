package import ChatProtocol
import Database

/// All channels of an application as its users and its operators are shown them.
///
/// Source: docs/subscriber-protocol.md.
extension OfficialChannels {
    /// Every channel of the application as users are shown it, in the order of IDs.
    ///
    /// - Returns: a part of them; and how many there are, from the counter by which the plan's quota is judged: it is
    ///   exact, and counting 100,000 rows for each page would cost more than the page.
    package func list(
        offset: Int64,
        limit: Int64,
        for call: Call
    ) async throws(ChatError) -> (items: [JSONObject], total: Int64) {
        let application = call.application.id
        try call.application.demandChannelService(at: call.time)
        return try await database.read { tx throws(ChatError) in
            let channels = try ChannelTable.page(of: application, offset: offset, limit: limit, in: tx)
            let total = try Usage.current(of: application, in: tx).channels
            return (channels.map { JSONObject(announcer.item($0, in: tx).members) }, total)
        }
    }

    /// The same list, from the channel on that follows another; it costs the same wherever that is.
    ///
    /// - Parameter last: an ID; there need be no such channel any more.
    package func list(
        after last: ChannelID,
        limit: Int64,
        for call: Call
    ) async throws(ChatError) -> (items: [JSONObject], total: Int64, hasMore: Bool) {
        let application = call.application.id
        try call.application.demandChannelService(at: call.time)
        return try await database.read { tx throws(ChatError) in
            let channels = try ChannelTable.page(
                of: application,
                after: last.rawValue,
                limit: Int(limit) + 1,
                in: tx
            )
            let total = try Usage.current(of: application, in: tx).channels
            let items = channels.prefix(Int(limit)).map { JSONObject(announcer.item($0, in: tx).members) }
            return (items, total, channels.count > items.count)
        }
    }

    /// A page of the application's channels as an operator looks for them; it costs the same wherever it is.
    package func search(
        _ search: ChannelSearch,
        limit: Int,
        of application: Application,
        at now: Timestamp
    ) async throws(ChatError) -> ChannelPage {
        try application.demandChannelService(at: now)
        return try await database.read { tx throws(ChatError) in
            // One more than asked for tells whether there is another page.
            let found = try ChannelTable.page(of: application.id, search, limit: limit + 1, in: tx)
            let page = Array(found.prefix(limit))
            return ChannelPage(
                channels: page,
                next: found.count > limit ? page.last?.place(in: search.order) : nil,
                total: try Usage.current(of: application.id, in: tx).channels
            )
        }
    }
}

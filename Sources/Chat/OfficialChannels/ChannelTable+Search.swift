import ChatProtocol
import Database

extension ChannelTable {
    /// Channels by any order, from any place; it costs the same wherever that is.
    static func page(
        of application: SDKAppID,
        _ search: ChannelSearch,
        limit: Int,
        in tx: any Transaction
    ) throws(ChatError) -> [OfficialChannel] {
        let bounds = try bounds(of: search)
        let (key, order) = columns(search)
        var parts = SQL.Parts(literalCapacity: 512, interpolationCount: 6)
        parts.appendLiteral(
            """
            SELECT id, owner, name, introduction, face_url, organization, custom_string, max_subscribers,
                subscribers, last_message_at, created_at, incarnation, head_seq, event_seq, stored_broadcasts,
                subscription_head, profile_event_seq
            FROM channels WHERE app =
            """
        )
        parts.appendLiteral(" ")
        parts.appendInterpolation(application)
        // Where nothing goes before, the first that has the beginning may be it to the letter.
        let isFirst = search.place == nil || search.isDescending
        parts.appendLiteral(" AND \(key) \(isFirst ? ">=" : ">") (")
        parts.appendInterpolation(list: bounds.after)
        parts.appendLiteral(") AND \(key) < (")
        parts.appendInterpolation(list: bounds.before)
        parts.appendLiteral(") ORDER BY \(order) LIMIT ")
        parts.appendInterpolation(limit)
        return try tx.rows(SQL(stringInterpolation: parts)).map { row throws(ChatError) in try channel(row) }
    }

    /// The columns by which a page is found and ordered: those of an index.
    private static func columns(_ search: ChannelSearch) -> (key: StaticString, order: StaticString) {
        switch (search.order, search.isDescending) {
        case (.id, false): ("id", "id")
        case (.id, true): ("id", "id DESC")
        case (.name, false): ("(name, created_at, id)", "name, created_at, id")
        case (.name, true): ("(name, created_at, id)", "name DESC, created_at DESC, id DESC")
        case (.created, false): ("(created_at, id)", "created_at, id")
        case (.created, true): ("(created_at, id)", "created_at DESC, id DESC")
        case (.subscribers, false): ("(subscribers, created_at, id)", "subscribers, created_at, id")
        case (.subscribers, true): ("(subscribers, created_at, id)", "subscribers DESC, created_at DESC, id DESC")
        }
    }

    /// Between which keys the page lies, the second excluded.
    ///
    /// - Throws: 6017 for a place that is none in this order.
    private static func bounds(
        of search: ChannelSearch
    ) throws(ChatError) -> (after: [SQLValue], before: [SQLValue]) {
        // PostgreSQL takes no NUL, and nothing that is looked for holds one.
        guard
            ![search.beginning, search.place?.id, search.place?.value].contains(where: { $0?.utf8.contains(0) ?? false }
            )
        else { throw .noPlace }
        let range = PrefixRange(search.beginning)
        var (after, before): ([SQLValue], [SQLValue]) =
            switch search.order {
            case .id: ([.text(range.start)], [.text(range.end ?? Self.afterEveryID)])
            case .name:
                (
                    [.text(range.start), .integer(.min), .text("")],
                    [.text(range.end ?? Self.afterEveryName), .integer(.min), .text("")]
                )
            case .created: ([.integer(.min), .text("")], [.integer(.max), .text("")])
            case .subscribers:
                ([.integer(.min), .integer(.min), .text("")], [.integer(.max), .integer(.min), .text("")])
            }
        guard let place = search.place else { return (after, before) }
        guard let key = key(of: place, in: search.order) else { throw .noPlace }
        if search.isDescending { before = key } else { after = key }
        return (after, before)
    }

    /// What the columns of an order are at a place; nil for one that is none.
    private static func key(of place: ChannelSearch.Place, in order: ChannelSearch.Order) -> [SQLValue]? {
        guard order != .id else { return [.text(place.id)] }
        let parts = place.value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard let created = parts.first.flatMap({ Int64($0) }) else { return nil }
        let moment: [SQLValue] = [.integer(created), .text(place.id)]
        switch (order, parts.dropFirst().first) {
        case (.created, nil): return moment
        case (.name, let name?): return [.text(String(name))] + moment
        case (.subscribers, let subscribers?): return Int64(subscribers).map { [.integer($0)] + moment }
        default: return nil
        }
    }

    /// IDs are ASCII.
    private static let afterEveryID = "\u{7F}"
    /// Longer than any name, and of the last code point.
    private static let afterEveryName = String(repeating: "\u{10FFFF}", count: ChannelProfile.longestName / 4 + 1)
}

extension ChatError {
    fileprivate static let noPlace = ChatError(
        .parameterInvalid,
        "The list has no such place; begin again with its first page."
    )
}

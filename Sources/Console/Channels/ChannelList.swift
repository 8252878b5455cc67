import Chat
import ChatProtocol

/// The page that lists an application's channels.
struct ChannelList: Sendable {
    static let rows = 50

    struct Row: Sendable {
        let path: String
        let name: String
        let id: String
        let initial: String
        let subscribers: String
        let created: String
        let createdISO: String
        let lastPost: String?
    }

    /// A column by which the list can be ordered.
    struct Column: Sendable {
        let label: String
        /// Nil where it cannot be: what is searched for comes in the order of what it is searched in.
        let path: String?
        /// As `aria-sort` has it; nil for one that the list is not ordered by.
        let sorting: String?
        let isNumber: Bool
    }

    let path: String
    let channels: [Row]
    let query: String
    let places: [Choice]
    let columns: [Column]
    let total: String
    let isFiltered: Bool
    /// Whether the application has no channel at all.
    let isEmpty: Bool
    /// Whether the channels could be looked for; where not, nothing is said of how many there are.
    let isListed: Bool
    /// Where the feature can be switched on, for who may.
    let settings: String?
    let first: String?
    let next: String?

    /// - Parameters:
    ///   - page: nil where the search was refused.
    ///   - problem: why it was.
    init(
        _ request: Request,
        _ page: ChannelPage?,
        of application: Chat.Application,
        _ problem: ChatError?,
        _ visit: Visit
    ) {
        let texts = visit.texts
        let path = ChannelSite.path(of: application)
        self.path = path
        channels = (page?.channels ?? []).map { channel in
            Row(
                path: ChannelSite.path(of: channel.id, in: application),
                name: channel.profile.name,
                id: channel.id.rawValue,
                initial: ChannelHead.initial(of: channel),
                subscribers: channel.subscribers.grouped,
                created: channel.createdAt.minute,
                createdISO: channel.createdAt.iso,
                lastPost: channel.lastPost?.minute
            )
        }
        query = request.query
        let searched = request.order == .id ? ChannelSearch.Order.id : .name
        places = [ChannelSearch.Order.name, .id].map { order in
            Choice(
                value: order.rawValue,
                text: texts["channels.columns.\(order.rawValue)"],
                isChosen: order == searched
            )
        }
        columns = [ChannelSearch.Order.name, .id, .subscribers, .created].map { order in
            let isCurrent = order == request.order
            return Column(
                label: texts["channels.columns.\(order.rawValue)"],
                path: request.query.isEmpty || isCurrent ? path + request.ordered(by: order).text : nil,
                sorting: isCurrent ? (request.isDescending ? "descending" : "ascending") : nil,
                isNumber: order == .subscribers
            )
        }
        total = page.map { texts["accounts.total", ["count": $0.total.grouped]] } ?? ""
        isFiltered = !request.query.isEmpty
        isEmpty = page?.total == 0
        isListed = page != nil
        let isSwitchedOff = problem?.code == .channelServiceDisabled
        settings = isSwitchedOff && visit.who.role == .owner ? "\(application.path)/settings" : nil
        first = request.place == nil ? nil : path + request.at(nil).text
        next = page?.next.map { path + request.at($0).text }
    }

    /// What the query of the page's address asks for.
    struct Request: Sendable {
        var query: String
        var order: ChannelSearch.Order
        var isDescending: Bool
        var place: ChannelSearch.Place?

        /// The newest first, unless something else is asked for; what is looked for is found by its own order.
        init(_ visit: Visit) {
            let (query, direction, last) = (visit.asked("q"), visit.asked("order"), visit.asked("after"))
            let asked = ChannelSearch.Order(rawValue: visit.asked("sort"))
            let order = query.isEmpty ? asked ?? .created : asked == .id ? .id : .name
            (self.query, self.order) = (query, order)
            isDescending = direction.isEmpty ? order == .created : direction == "desc"
            place = last.isEmpty ? nil : ChannelSearch.Place(id: last, value: visit.query.raw("value"))
        }

        var search: ChannelSearch {
            ChannelSearch(order, isDescending: isDescending, beginning: query, after: place)
        }

        /// The same list by another column, or by this one the other way round.
        func ordered(by column: ChannelSearch.Order) -> Request {
            var other = at(nil)
            guard column != order else {
                other.isDescending.toggle()
                return other
            }
            other.order = column
            // What is counted or dated is looked at from its end.
            other.isDescending = column == .created || column == .subscribers
            return other
        }

        func at(_ place: ChannelSearch.Place?) -> Request {
            var other = self
            other.place = place
            return other
        }

        var text: String {
            var text = "?sort=\(order.rawValue)&order=\(isDescending ? "desc" : "asc")"
            if !query.isEmpty { text += "&q=\(query.percentEncoded)" }
            if let place { text += "&after=\(place.id.percentEncoded)&value=\(place.value.percentEncoded)" }
            return text
        }
    }
}

extension OfficialChannel {
    /// When the newest post was sent; nil when there is none.
    var lastPost: Timestamp? {
        lastMessageSeconds == 0 ? nil : Timestamp(milliseconds: lastMessageSeconds * 1000)
    }
}

extension Timestamp {
    /// For people who look through many: `2026-11-24 12:34`, in UTC.
    fileprivate var minute: String { String(shown.prefix(16)) }
}

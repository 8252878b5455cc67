import ChatProtocol

/// Which of an application's channels are to be listed, in which order, and where the page begins.
package struct ChannelSearch: Sendable, Equatable {
    /// What the channels are ordered by; those that are equal in it are ordered by their creation.
    package enum Order: String, CaseIterable, Sendable {
        case id, name, created, subscribers
    }

    /// A place in an order: after this channel.
    ///
    /// What the channel was ordered by stands here too, so that a page begins there even when the channel has changed
    /// since, or is gone.
    package struct Place: Sendable, Equatable {
        package let id: String
        /// When the channel was created, and behind a space what goes before that; empty in the order of IDs.
        package let value: String

        package init(id: String, value: String) {
            (self.id, self.value) = (id, value)
        }
    }

    package let order: Order
    package let isDescending: Bool
    /// With what the ID or the name begins, whichever the channels are ordered by; empty for all channels.
    ///
    /// The other orders know no beginning: finding and ordering would take two different indexes.
    package let beginning: String
    /// Nil for the first page.
    package let place: Place?

    /// - Parameter beginning: for an ID the prefix that all IDs have may be left out.
    package init(
        _ order: Order,
        isDescending: Bool = false,
        beginning: String = "",
        after place: Place? = nil
    ) {
        (self.order, self.isDescending, self.place) = (order, isDescending, place)
        switch order {
        case .id:
            let isWhole = beginning.hasPrefix(ChannelID.prefix) || ChannelID.prefix.hasPrefix(beginning)
            self.beginning = isWhole ? beginning : ChannelID.prefix + beginning
        case .name: self.beginning = beginning
        case .created, .subscribers: self.beginning = ""
        }
    }
}

/// A page of channels.
package struct ChannelPage: Sendable {
    package let channels: [OfficialChannel]
    /// Where the next page begins; nil at the end.
    package let next: ChannelSearch.Place?
    /// All channels of the application, from the counter by which the plan's quota is judged.
    package let total: Int64

    package init(channels: [OfficialChannel], next: ChannelSearch.Place?, total: Int64) {
        (self.channels, self.next, self.total) = (channels, next, total)
    }
}

extension OfficialChannel {
    /// Where the channel stands in an order.
    func place(in order: ChannelSearch.Order) -> ChannelSearch.Place {
        let value =
            switch order {
            case .id: ""
            case .name: "\(createdAt.milliseconds) \(profile.name)"
            case .created: "\(createdAt.milliseconds)"
            case .subscribers: "\(createdAt.milliseconds) \(subscribers)"
            }
        return ChannelSearch.Place(id: id.rawValue, value: value)
    }
}

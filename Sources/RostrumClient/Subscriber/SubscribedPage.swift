import ChatProtocol

/// A page of the channels that the user subscribes to: what `getOfficialAccountsInfo` answers to an empty list.
struct SubscribedPage {
    let channels: [LiveChannel]
    /// Nil at the end.
    let nextOffset: Int64?

    static func request(from offset: Int64) -> JSONObject {
        [
            "OfficialAccountIdList": .array([]), "Limit": .integer(LiveProtocol.channelsPerPage),
            "Offset": .integer(offset),
        ]
    }

    init(_ result: WireObject, from offset: Int64) throws(WireFault) {
        let items = try result.objects("OfficialAccountInfoList") { (item) throws(WireFault) in
            try Answer(item) { (item) throws(WireFault) in try LiveChannel(item) }
        }
        channels = items.compactMap(\.found)
        let next = try result.integer("Next", or: 0)
        // A page that does not lead on would be read for ever.
        nextOffset = next > offset ? next : nil
    }
}

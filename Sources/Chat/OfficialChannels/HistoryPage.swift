package import ChatProtocol

/// A page of a channel's history.
package struct HistoryPage: Sendable {
    /// Oldest first.
    package let broadcasts: [Broadcast]
    /// Whether everything that was asked for is in it.
    package let isComplete: Bool
}

extension HistoryPage {
    /// What `IsFinished` tells.
    private enum Finish: Int64 {
        case moreWasAskedFor = 0
        case complete = 1
        case allExpired = 2
    }

    /// What `IsPlaceMsg` tells.
    private enum Place: Int64 {
        case message = 0
        case expired = 1
        case recalled = 2
    }

    /// The page as a reply.
    ///
    /// Source: spec/official-channels.md B.12.
    package func reply(of channel: ChannelID) -> JSONObject {
        [
            "Official_Account": .channel(channel),
            "IsFinished": .integer(finish.rawValue),
            "LastMsgKey": .string(broadcasts.first?.key.rawValue ?? ""),
            "RspMsgList": .array(broadcasts.map { .object(Self.item($0, in: channel)) }),
        ]
    }

    private var finish: Finish {
        guard isComplete else { return .moreWasAskedFor }
        let hasExpired = broadcasts.allSatisfy { $0.content == .expired }
        return hasExpired && !broadcasts.isEmpty ? .allExpired : .complete
    }

    private static func item(_ broadcast: Broadcast, in channel: ChannelID) -> JSONObject {
        let (place, elements, data): (Place, [JSONValue], String?) =
            switch broadcast.content {
            case .message(let body, let data): (.message, body.elements, data)
            case .expired: (.expired, [], nil)
            case .recalled: (.recalled, [], nil)
            }
        var members: [JSONObject.Member] = [
            .init(name: "From_Account", value: .channel(channel)),
            .init(name: "IsPlaceMsg", value: .integer(place.rawValue)),
            .init(name: "MsgSeq", value: .integer(broadcast.key.seq)),
            .init(name: "MsgKey", value: .string(broadcast.key.rawValue)),
            .init(name: "MsgTimeStamp", value: .integer(broadcast.key.seconds)),
            .init(name: "MsgRandom", value: .integer(broadcast.random)),
            .init(name: "MsgBody", value: .array(elements)),
        ]
        if let data { members.append(.init(name: "CloudCustomData", value: .string(data))) }
        return JSONObject(members)
    }
}

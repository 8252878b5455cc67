/// What a channel's subscribers are told, alike for all of them: the method and the parameters of a notification.
///
/// The parameters are made once and shared by every session.
///
/// Source: design section 4, docs/subscriber-protocol.md.
package struct ChannelNotification: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case message = "onRecvNewMessage"
        case revoked = "onRecvMessageRevoked"
        case infoChanged = "onOfficialAccountInfoChanged"
        case deleted = "onOfficialAccountDeleted"

        /// Whether a subscriber with the flag `Discard` does without it.
        package var concernsMessages: Bool {
            switch self {
            case .message, .revoked: true
            case .infoChanged, .deleted: false
            }
        }
    }

    package let kind: Kind
    /// A JSON object.
    package let parameters: [UInt8]
    /// False for a message that is for those who are online: the storage does not have it.
    package let isStored: Bool

    /// - Parameter parameters: a JSON object that another node made.
    package init(_ kind: Kind, _ parameters: [UInt8], isStored: Bool = true) {
        (self.kind, self.parameters, self.isStored) = (kind, parameters, isStored)
    }

    /// A broadcast.
    ///
    /// - Parameter elements: the `MsgBody` as JSON.
    package static func message(
        in channel: ChannelID,
        _ epoch: ChannelEpoch,
        _ key: MessageKey,
        eventSeq: Int64,
        elements: [UInt8],
        cloudCustomData: String?,
        isOnlineOnly: Bool
    ) -> ChannelNotification {
        let head: JSONObject = [
            "From_Account": .channel(channel),
            "Official_Account": .channel(channel),
            "Epoch": .string(epoch.description),
            "MsgSeq": .integer(key.seq),
            "EventSeq": .integer(eventSeq),
            "MsgKey": .string(key.rawValue),
            "MsgTime": .integer(key.seconds),
            "OnlineOnlyFlag": .integer(isOnlineOnly ? 1 : 0),
            "CloudCustomData": .string(cloudCustomData ?? ""),
        ]
        // The body is JSON already, and the longest part.
        var parameters = head.json
        parameters.removeLast()
        parameters += #","MsgBody":"#.utf8
        parameters += elements
        parameters.append(UInt8(ascii: "}"))
        return ChannelNotification(.message, parameters, isStored: !isOnlineOnly)
    }

    /// A broadcast was recalled.
    package static func revoked(
        _ key: MessageKey,
        in channel: ChannelID,
        _ epoch: ChannelEpoch,
        eventSeq: Int64,
        reason: String?
    ) -> ChannelNotification {
        let parameters: JSONObject = [
            "Official_Account": .channel(channel),
            "Epoch": .string(epoch.description),
            "EventSeq": .integer(eventSeq),
            "MsgSeq": .integer(key.seq),
            "MsgKey": .string(key.rawValue),
            "Reason": .string(reason ?? ""),
        ]
        return ChannelNotification(.revoked, parameters.json)
    }

    /// The channel's profile was modified.
    package static func infoChanged(_ item: ChannelItem, eventSeq: Int64) -> ChannelNotification {
        let members = item.members + [JSONObject.Member(name: "EventSeq", value: .integer(eventSeq))]
        return ChannelNotification(.infoChanged, JSONObject(members).json)
    }

    /// The channel was destroyed.
    package static func deleted(_ channel: ChannelID, _ epoch: ChannelEpoch, eventSeq: Int64) -> ChannelNotification {
        let parameters: JSONObject = [
            "Official_Account": .channel(channel),
            "Epoch": .string(epoch.description),
            "EventSeq": .integer(eventSeq),
        ]
        return ChannelNotification(.deleted, parameters.json)
    }
}

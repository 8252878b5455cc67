import Chat
import ChatProtocol
import RostrumTesting

extension TestInstallation {
    func send(_ new: NewBroadcast) async throws -> MessageKey {
        try await broadcasts.send(new, for: call())
    }

    func recall(
        _ keys: String...,
        reason: String? = nil,
        in id: ChannelID = .news
    ) async throws -> [ErrorCode] {
        try await broadcasts.recall(keys, reason: reason, in: id, for: call())
    }

    func history(
        of id: ChannelID = .news,
        before key: MessageKey? = nil,
        number: Int64 = 20,
        withRecalled: Bool = false
    ) async throws -> HistoryPage {
        try await broadcasts.history(
            of: id,
            before: key,
            number: number,
            withRecalled: withRecalled,
            of: application(),
            at: clock.now
        )
    }

    /// Sends so many broadcasts, each with a text of its own, and returns their keys.
    func sendMany(_ count: Int, to id: ChannelID = .news) async throws -> [MessageKey] {
        var keys: [MessageKey] = []
        for number in 1...count { keys.append(try await send(.example("m\(number)", to: id))) }
        return keys
    }

    /// Lets channels send as much as they like.
    func liftBroadcastLimits() async throws {
        try await setLimits([.broadcastsPerSecond: 0, .broadcastsPerHour: 0])
    }
}

extension NewBroadcast {
    static func example(
        _ text: String = "Ferry 7 is delayed",
        to channel: ChannelID = .news,
        random: Int64 = 20_260_101,
        cloudCustomData: String? = nil
    ) -> NewBroadcast {
        var new = NewBroadcast(channel: channel, random: random, body: .example(text))
        new.cloudCustomData = cloudCustomData
        return new
    }

    func with(_ change: (inout NewBroadcast) -> Void) -> NewBroadcast {
        var copy = self
        change(&copy)
        return copy
    }
}

extension MessageBody {
    /// One text element.
    static func example(_ text: String = "Ferry 7 is delayed") -> MessageBody {
        let content: JSONObject = ["Text": .string(text)]
        do {
            return try MessageBody([.object(["MsgType": .string("TIMTextElem"), "MsgContent": .object(content)])])
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

extension Broadcast {
    /// The text of its first element; nil when its content is not shown.
    var text: String? {
        guard case .message(let body, _) = content else { return nil }
        return body.elements.first?["MsgContent"]?["Text"]?.text
    }
}

extension HistoryPage {
    var numbers: [Int64] { broadcasts.map(\.key.seq) }
}

import ChatProtocol

/// A page of a channel's history, going back from the newest message (spec/official-channels.md B.12).
public struct HistoryPage: Sendable, Equatable {
    /// Whether there is more: `IsFinished`.
    public enum Completion: Int64, Sendable {
        /// There is more of what was asked for.
        case moreToCome = 0
        /// Nothing older is left.
        case complete = 1
        /// Nothing older is left, and all of this page has expired.
        case allExpired = 2
    }

    /// Ascending by ``HistoryMessage/seq``.
    public let messages: [HistoryMessage]
    /// `LastMsgKey`: the oldest message of the page, to be given as `before` for the next one; nil when it is empty.
    public let oldestKey: String?
    /// Whether there is more.
    public let completion: Completion

    /// As a server would tell it; for tests.
    public init(messages: [HistoryMessage], oldestKey: String? = nil, completion: Completion) {
        (self.messages, self.oldestKey, self.completion) = (messages, oldestKey, completion)
    }
}

/// A broadcast as the history has it.
public struct HistoryMessage: Sendable, Equatable {
    /// What became of it: `IsPlaceMsg`.
    public enum State: Int64, Sendable {
        /// It is there.
        case kept = 0
        /// It is older than the history goes back; its content is gone.
        case expired = 1
        /// It was recalled; its content is gone.
        case recalled = 2
    }

    /// `MsgSeq`: its number in the channel, from 1.
    public let seq: Int64
    /// `MsgKey`: its name, for recalling it and for paging.
    public let key: String
    /// `MsgTimeStamp`: when it was sent, in Unix seconds.
    public let sentAt: Int64
    /// `MsgRandom`: the random number that it was sent with.
    public let random: Int64
    /// What became of it.
    public let state: State
    /// `MsgBody`; empty unless ``state`` is ``State/kept``.
    public let body: [MessageElement]
    /// `CloudCustomData`: the application's own data; empty when there is none.
    public let cloudCustomData: String

    /// As a server would tell it; for tests.
    public init(
        seq: Int64,
        key: String,
        sentAt: Int64,
        random: Int64,
        state: State,
        body: [MessageElement],
        cloudCustomData: String
    ) {
        (self.seq, self.key, self.sentAt, self.random) = (seq, key, sentAt, random)
        (self.state, self.body, self.cloudCustomData) = (state, body, cloudCustomData)
    }
}

extension HistoryPage {
    /// What asks for a page, in the REST API and in the live protocol.
    static func request(of channel: String, count: Int, before: String?, withRecalled: Bool) -> JSONObject {
        (["Official_Account": .string(channel), "ReqMsgNumber": .integer(Int64(count))] as JSONObject)
            .adding("LastMsgKey", before)
            .adding("WithRecalledMsg", withRecalled ? 1 : 0)
    }

    init(_ reply: WireObject) throws(WireFault) {
        let finished = try reply.integer("IsFinished")
        guard let completion = Completion(rawValue: finished) else {
            throw WireFault("IsFinished", "is \(finished) and none of 0, 1, 2")
        }
        let key = try reply.text("LastMsgKey", or: "")
        self.init(
            messages: try reply.objects("RspMsgList") { (item) throws(WireFault) in try HistoryMessage(item) },
            oldestKey: key.isEmpty ? nil : key,
            completion: completion
        )
    }
}

extension HistoryMessage {
    fileprivate init(_ item: WireObject) throws(WireFault) {
        let place = try item.integer("IsPlaceMsg", or: 0)
        guard let state = State(rawValue: place) else {
            throw WireFault("IsPlaceMsg", "is \(place) and none of 0, 1, 2")
        }
        self.init(
            seq: try item.count("MsgSeq", from: 1),
            key: try item.text("MsgKey"),
            sentAt: try item.count("MsgTimeStamp"),
            random: try item.integer("MsgRandom", or: 0),
            state: state,
            body: try [MessageElement](item),
            cloudCustomData: try item.text("CloudCustomData", or: "")
        )
    }
}

import ChatProtocol

/// How far something in a channel has come: the numbers of the last post and of the last event.
///
/// Source: docs/subscriber-protocol.md, Numbers.
public struct ChannelPosition: Sendable, Hashable, Codable {
    /// `Epoch`: names the channel's incarnation; numbers of different epochs cannot be compared.
    public var epoch: String
    /// `MsgSeq` of the last post; 0 before the first.
    public var messageSeq: Int64
    /// `EventSeq` of the last event; 0 before the first.
    public var eventSeq: Int64

    /// A position.
    public init(epoch: String, messageSeq: Int64, eventSeq: Int64) {
        (self.epoch, self.messageSeq, self.eventSeq) = (epoch, messageSeq, eventSeq)
    }
}

extension ChannelPosition {
    /// Of an object with `Epoch`, `MsgSeq` and `EventSeq`.
    init(_ object: WireObject) throws(WireFault) {
        self.init(
            epoch: try object.text("Epoch"),
            messageSeq: try object.count("MsgSeq"),
            eventSeq: try object.count("EventSeq")
        )
    }

    /// Where a channel stood, of an item of the live protocol.
    init(headOf item: WireObject) throws(WireFault) {
        self.init(
            epoch: try item.text("Epoch"),
            messageSeq: try item.count("HeadMsgSeq"),
            eventSeq: try item.count("HeadEventSeq")
        )
    }

    var json: JSONValue {
        .object(["Epoch": .string(epoch), "MsgSeq": .integer(messageSeq), "EventSeq": .integer(eventSeq)])
    }
}

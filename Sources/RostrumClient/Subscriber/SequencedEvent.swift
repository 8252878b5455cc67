/// An event that takes its place among those of a channel.
struct SequencedEvent: Sendable, Equatable {
    let channel: String
    let epoch: String
    let eventSeq: Int64
    /// Of a post: its number.
    let messageSeq: Int64?
    /// Whether `resume` would not bring it.
    let isOnlineOnly: Bool
    let event: SubscriberEvent

    init(_ message: ChannelMessage) {
        (channel, epoch, eventSeq) = (message.channel, message.epoch, message.eventSeq)
        (messageSeq, isOnlineOnly, event) = (message.seq, message.isOnlineOnly, .message(message))
    }

    init(_ revocation: MessageRevocation) {
        (channel, epoch, eventSeq) = (revocation.channel, revocation.epoch, revocation.eventSeq)
        (messageSeq, isOnlineOnly, event) = (nil, false, .revoked(revocation))
    }

    init(infoChanged channel: LiveChannel, eventSeq: Int64) {
        (self.channel, epoch, self.eventSeq) = (channel.info.id, channel.head.epoch, eventSeq)
        (messageSeq, isOnlineOnly, event) = (nil, false, .infoChanged(channel))
    }

    /// Whether whoever stands there has it.
    func isAtOrBelow(_ position: ChannelPosition) -> Bool {
        epoch == position.epoch && eventSeq <= position.eventSeq
    }
}

extension ChannelPosition {
    /// Moves on to an event of the same epoch; never back.
    mutating func advance(to event: SequencedEvent) {
        eventSeq = max(eventSeq, event.eventSeq)
        messageSeq = max(messageSeq, event.messageSeq ?? 0)
    }
}

/// An event on its way to the consumer, and what is to be remembered once the consumer has it.
struct Delivery: Sendable, Equatable {
    enum Mark: Sendable, Equatable {
        case position(channel: String, ChannelPosition)
        case forget(channel: String)
    }

    /// Nil when there is only something to remember.
    let event: SubscriberEvent?
    let mark: Mark?

    init(_ event: SubscriberEvent?, _ mark: Mark? = nil) {
        (self.event, self.mark) = (event, mark)
    }
}

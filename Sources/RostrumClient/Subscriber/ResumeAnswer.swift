import ChatProtocol

/// What `resume` answers for one channel (docs/subscriber-protocol.md, resume).
enum ResumeAnswer: Sendable, Equatable {
    /// What is missing up to a position; perhaps not all of it.
    case missing([SequencedEvent], upTo: ChannelPosition, hasMore: Bool)
    /// The server cannot tell what is missing; the channel stands there.
    case reload(ChannelPosition)
    /// There is no such channel, or the user does not subscribe to it.
    case gone

    init(_ answer: WireObject) throws(WireFault) {
        if answer.object["reload"] == .bool(true) {
            self = answer.object["Epoch"] == nil ? .gone : .reload(try ChannelPosition(answer))
            return
        }
        var events = try answer.optionalObjects("messages") { (params) throws(WireFault) in
            SequencedEvent(try ChannelMessage(params))
        }
        events += try answer.optionalObjects("revoked") { (params) throws(WireFault) in
            SequencedEvent(try MessageRevocation(params))
        }
        if let changed = try answer.inner("infoChanged") {
            events.append(
                SequencedEvent(
                    infoChanged: try LiveChannel(changed),
                    eventSeq: try changed.count("EventSeq", from: 1)
                )
            )
        }
        let hasMore = answer.object["more"] == .bool(true)
        self = .missing(events, upTo: try ChannelPosition(answer), hasMore: hasMore)
    }
}

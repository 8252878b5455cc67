/// How far the session has come in each channel, and what follows from that for what arrives.
///
/// A channel either is followed, so that its events pass and duplicates are dropped by their numbers, or waits for an
/// answer of `resume`: then its events are held, since what the answer brings came before them.
struct ChannelLedger {
    /// Channels in one `resume`.
    static let mostResumed = 100
    /// Events that are held for all channels together; what is beyond is dropped, and resumed once more instead.
    static let mostHeld = 512

    private struct Entry {
        var position: ChannelPosition
        /// Whether the position is where the channel was said to stand, so that an event at or below it was not seen.
        var isHead = false
        /// Events that wait for an answer of `resume`; nil when none is waited for.
        var held: [SequencedEvent]?
        /// Whether events were dropped from ``held``.
        var hasOverflowed = false
    }

    private var entries: [String: Entry]
    /// Channels that wait to be asked about, in their order.
    private var unasked: [String] = []
    private var heldCount = 0

    init(stored positions: [String: ChannelPosition]) {
        entries = positions.mapValues { Entry(position: $0) }
    }

    /// Whether every channel is followed.
    var isSettled: Bool { entries.values.allSatisfy { $0.held == nil } }

    /// Begins a connection: every channel that is known waits for `resume`.
    mutating func connected() {
        for channel in entries.keys {
            entries[channel]?.held = []
            entries[channel]?.hasOverflowed = false
        }
        unasked = entries.keys.sorted()
        heldCount = 0
    }

    /// What to ask `resume` about next; nil when there is nothing.
    mutating func nextResume() -> [String: ChannelPosition]? {
        var positions: [String: ChannelPosition] = [:]
        while positions.count < Self.mostResumed, !unasked.isEmpty {
            let channel = unasked.removeFirst()
            positions[channel] = entries[channel]?.position
        }
        return positions.isEmpty ? nil : positions
    }

    /// Takes an event that came live.
    mutating func received(_ event: SequencedEvent) -> [Delivery] {
        guard var entry = entries[event.channel] else { return firstSeen(event) }
        if entry.held != nil {
            hold(event)
            return []
        }
        guard event.epoch == entry.position.epoch else {
            // Another incarnation, of which earlier events may be missing: the server is to say.
            askAbout(event.channel)
            hold(event)
            return []
        }
        guard entry.isHead || !event.isAtOrBelow(entry.position) else { return [] }
        if !event.isAtOrBelow(entry.position) { entry.isHead = false }
        entry.position.advance(to: event)
        entries[event.channel] = entry
        return [Delivery(event.event, .position(channel: event.channel, entry.position))]
    }

    /// An event of a channel of which nothing is known, neither from the store nor by a subscription that was told.
    private mutating func firstSeen(_ event: SequencedEvent) -> [Delivery] {
        // Without a post's number there is no position to go on from; the event is told all the same.
        guard let messageSeq = event.messageSeq else { return [Delivery(event.event)] }
        let before = ChannelPosition(
            epoch: event.epoch,
            messageSeq: messageSeq - 1,
            eventSeq: event.eventSeq - 1
        )
        let after = ChannelPosition(epoch: event.epoch, messageSeq: messageSeq, eventSeq: event.eventSeq)
        entries[event.channel] = Entry(position: after)
        return [
            Delivery(.reloadNeeded(channel: event.channel), .position(channel: event.channel, before)),
            Delivery(event.event, .position(channel: event.channel, after)),
        ]
    }

    /// The user subscribes: nothing sent before is owed.
    mutating func subscribed(_ channel: LiveChannel) -> [Delivery] {
        release(channel.info.id)
        entries[channel.info.id] = Entry(position: channel.head, isHead: true)
        return [Delivery(.subscribed(channel), .position(channel: channel.info.id, channel.head))]
    }

    /// Nothing more comes from the channel.
    mutating func ended(_ channel: String, _ event: SubscriberEvent) -> [Delivery] {
        release(channel)
        entries[channel] = nil
        return [Delivery(event, .forget(channel: channel))]
    }

    /// The session read too slowly; what is missing is to be resumed.
    mutating func lagging(_ heads: [String: ChannelPosition]) -> [Delivery] {
        var deliveries: [Delivery] = []
        for (channel, head) in heads.sorted(by: { $0.key < $1.key }) {
            if entries[channel] == nil {
                entries[channel] = Entry(position: head)
                deliveries.append(Delivery(.reloadNeeded(channel: channel), .position(channel: channel, head)))
            } else if entries[channel]?.held == nil {
                askAbout(channel)
            } else {
                // The answer that is on its way may have been made before; ask again after it.
                entries[channel]?.hasOverflowed = true
            }
        }
        return deliveries
    }

    /// The channels that the user subscribes to; those that are not known yet begin here.
    mutating func listed(_ channels: [LiveChannel]) -> [Delivery] {
        channels.filter { entries[$0.info.id] == nil }.map { channel in
            entries[channel.info.id] = Entry(position: channel.head, isHead: true)
            return Delivery(
                .reloadNeeded(channel: channel.info.id),
                .position(channel: channel.info.id, channel.head)
            )
        }
    }

    /// Takes the answer of `resume` for one channel.
    mutating func resumed(_ channel: String, _ answer: ResumeAnswer) -> [Delivery] {
        // An answer to a question that has settled itself meanwhile.
        guard let entry = entries[channel], let held = entry.held else { return [] }
        switch answer {
        case .gone:
            return ended(channel, .unsubscribed(channel: channel))
        case .reload(let head):
            let rest = held.filter { $0.isOnlineOnly && $0.isAtOrBelow(head) }.map { Delivery($0.event) }
            let reload = Delivery(.reloadNeeded(channel: channel), .position(channel: channel, head))
            return [reload] + rest + follow(channel, from: head, hasMore: false)
        case .missing(let events, let end, let hasMore):
            // An online-only post is in no storage: of those, only the held ones are left.
            let unstored = held.filter { $0.isOnlineOnly && $0.isAtOrBelow(end) }
            var position = entry.position
            var deliveries: [Delivery] = []
            for event in (events + unstored).sorted(by: { $0.eventSeq < $1.eventSeq })
            where event.epoch == position.epoch && !event.isAtOrBelow(position) {
                position.advance(to: event)
                deliveries.append(Delivery(event.event, .position(channel: channel, position)))
            }
            if position != end { deliveries.append(Delivery(nil, .position(channel: channel, end))) }
            return deliveries + follow(channel, from: end, hasMore: hasMore)
        }
    }

    /// Goes on from a position: asks on, or lets the held events pass.
    private mutating func follow(_ channel: String, from position: ChannelPosition, hasMore: Bool) -> [Delivery] {
        guard let entry = entries[channel], let held = entry.held else { return [] }
        release(channel)
        entries[channel] = Entry(position: position)
        guard hasMore || entry.hasOverflowed else { return held.flatMap { received($0) } }
        askAbout(channel)
        for event in held where !event.isAtOrBelow(position) { hold(event) }
        return []
    }

    private mutating func askAbout(_ channel: String) {
        entries[channel]?.held = []
        unasked.append(channel)
    }

    private mutating func hold(_ event: SequencedEvent) {
        guard heldCount < Self.mostHeld else {
            release(event.channel)
            entries[event.channel]?.held = []
            entries[event.channel]?.hasOverflowed = true
            return
        }
        heldCount += 1
        entries[event.channel]?.held?.append(event)
    }

    /// Counts a channel's held events no longer.
    private mutating func release(_ channel: String) {
        heldCount -= entries[channel]?.held?.count ?? 0
    }
}

/// How far the session has come in each channel, and what follows from that for what arrives.
///
/// A channel either is followed, so that its events pass and duplicates are dropped by their numbers, or waits for an
/// answer of `resume`: then its events are held, since what the answer brings came before them.
///
/// Online-only posts are no part of that: an answer has at most those that were sent while it was awaited, and one of
/// these may come after the answer that passed its number. So such a post is dropped only when the very same came before.
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
        /// Whether `resume` was asked; else the channel is among ``unasked`` while events are held.
        var isAsked = false
        /// Whether events were dropped from ``held``.
        var hasOverflowed = false
        /// The online-only posts that came on this connection.
        var onlineOnly = RecentNumbers()

        /// Whether an event of the position's epoch did not come before.
        func isNew(_ event: SequencedEvent) -> Bool {
            if event.isOnlineOnly { return !onlineOnly.contains(event.eventSeq) }
            return isHead || !event.isAtOrBelow(position)
        }

        /// Whether an event that is held is to be held on.
        func isOwed(_ event: SequencedEvent) -> Bool {
            event.epoch != position.epoch || isNew(event)
        }

        mutating func advance(to event: SequencedEvent) {
            if event.isOnlineOnly { onlineOnly.insert(event.eventSeq) }
            if !event.isAtOrBelow(position) { isHead = false }
            position.advance(to: event)
        }
    }

    private var entries: [String: Entry]
    /// Channels that wait to be asked about, in their order.
    private var unasked: [String] = []
    private var heldCount = 0

    init(stored positions: [String: ChannelPosition]) {
        entries = positions.mapValues { Entry(position: $0) }
    }

    /// Begins a connection: every channel that is known waits for `resume`.
    mutating func connected() {
        for channel in entries.keys {
            entries[channel]?.held = []
            entries[channel]?.isAsked = false
            entries[channel]?.hasOverflowed = false
            entries[channel]?.onlineOnly = RecentNumbers()
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
            entries[channel]?.isAsked = true
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
        guard entry.isNew(event) else { return [] }
        entry.advance(to: event)
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
        var entry = Entry(position: before)
        entry.advance(to: event)
        entries[event.channel] = entry
        return [
            Delivery(.reloadNeeded(channel: event.channel), .position(channel: event.channel, before)),
            Delivery(event.event, .position(channel: event.channel, entry.position)),
        ]
    }

    /// The user subscribes: nothing sent before is owed.
    mutating func subscribed(_ channel: LiveChannel) -> [Delivery] {
        // An answer that is on its way is to what the channel was before; what it brings in vain comes no more by itself.
        let isAwaited = entries[channel.info.id].map { $0.held != nil && $0.isAsked } ?? false
        leave(channel.info.id)
        place(channel.info.id, at: channel.head, isHead: true)
        if isAwaited { askAbout(channel.info.id) }
        return [Delivery(.subscribed(channel), .position(channel: channel.info.id, channel.head))]
    }

    /// Nothing more comes from the channel.
    mutating func ended(_ channel: String, _ event: SubscriberEvent) -> [Delivery] {
        leave(channel)
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
            } else if entries[channel]?.isAsked == true {
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
        guard var entry = entries[channel], let held = entry.held, entry.isAsked else { return [] }
        switch answer {
        case .gone:
            return ended(channel, .unsubscribed(channel: channel))
        case .reload(let head):
            let reload = Delivery(.reloadNeeded(channel: channel), .position(channel: channel, head))
            place(channel, at: head)
            return [reload] + follow(channel, held, asksOn: entry.hasOverflowed)
        case .missing(let events, let end, let hasMore):
            // Those that are held and that no answer brings stand where they were sent among those that it does.
            let unstored = held.filter { $0.isOnlineOnly && $0.isAtOrBelow(end) }
            var deliveries: [Delivery] = []
            for event in (events + unstored).sorted(by: { $0.eventSeq < $1.eventSeq })
            where event.epoch == entry.position.epoch && entry.isNew(event) {
                entry.advance(to: event)
                deliveries.append(Delivery(event.event, .position(channel: channel, entry.position)))
            }
            if entry.position != end { deliveries.append(Delivery(nil, .position(channel: channel, end))) }
            entries[channel] = entry
            place(channel, at: end)
            return deliveries + follow(channel, held, asksOn: hasMore || entry.hasOverflowed)
        }
    }

    /// Lets the held events pass, or asks on and holds them again.
    private mutating func follow(_ channel: String, _ held: [SequencedEvent], asksOn: Bool) -> [Delivery] {
        guard asksOn else { return held.flatMap { received($0) } }
        askAbout(channel)
        for event in held where entries[channel]?.isOwed(event) ?? false { hold(event) }
        return []
    }

    /// Makes a channel followed from a position on.
    private mutating func place(_ channel: String, at position: ChannelPosition, isHead: Bool = false) {
        let last = entries[channel]
        release(channel)
        var entry = Entry(position: position, isHead: isHead)
        if let last, last.position.epoch == position.epoch { entry.onlineOnly = last.onlineOnly }
        entries[channel] = entry
    }

    private mutating func askAbout(_ channel: String) {
        entries[channel]?.held = []
        entries[channel]?.isAsked = false
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

    /// Asks no more about a channel, and drops what is held.
    private mutating func leave(_ channel: String) {
        unasked.removeAll { $0 == channel }
        release(channel)
    }

    /// Counts a channel's held events no longer.
    private mutating func release(_ channel: String) {
        heldCount -= entries[channel]?.held?.count ?? 0
        entries[channel]?.held = nil
    }
}

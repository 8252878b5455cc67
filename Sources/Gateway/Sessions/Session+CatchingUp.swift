import Chat
import ChatProtocol
import EventBus
import NIOCore
import WebSockets

/// How a session comes by what it is missing, and what becomes of a client that reads too slowly.
extension Session {
    // MARK: Catching up

    /// Lets the channels' events wait, so that an answer that is being made comes before them; called from a task.
    func hold(_ channels: [ChannelID]) async -> Hold {
        await withCheckedContinuation { continuation in
            hub.eventLoop.execute {
                let catchUp = self.nextCatchUp()
                let wanted = Set(channels)
                var held: [ChannelID: Hold.Channel] = [:]
                for membership in self.memberships where wanted.contains(membership.room.reference.channel) {
                    self.hold(membership, catchUp)
                    held[membership.room.reference.channel] = Hold.Channel(
                        reference: membership.room.reference,
                        unstoredFloor: membership.unstoredFloor,
                        discards: membership.discards
                    )
                }
                continuation.resume(returning: Hold(catchUp: catchUp, channels: held))
            }
        }
    }

    /// Lets a channel's events wait.
    private func hold(_ membership: Membership, _ catchUp: Int) {
        if membership.catchUp == nil {
            let passed = membership.room.passedNumber(of: membership)
            membership.heldFrom = max(membership.floor, passed)
            membership.unstoredFloor = max(membership.unstoredFloor, passed)
        }
        membership.catchUp = catchUp
        membership.heldVersion = membership.version
        membership.awaitsClient = false
    }

    private func nextCatchUp() -> Int {
        catchUps += 1
        return catchUps
    }

    /// Goes on after what an answer brought.
    ///
    /// - Parameter sending: what became of the answer.
    func resume(_ answers: [MethodsAnswer.Resumed], _ sending: WebSocketConnection.Sending) {
        var waiting: [ChannelID: Membership] = [:]
        for membership in memberships where membership.catchUp != nil {
            waiting[membership.room.reference.channel] = membership
        }
        for answer in answers {
            guard let membership = waiting[answer.channel], membership.catchUp == answer.catchUp else { continue }
            switch answer.outcome {
            case .failed: leaveOut(membership)
            // Nobody said that the channel or the subscription has ended; the client knows from the answer.
            case .none: leaveUnlessChanged(membership)
            case .reached(let reached):
                if let start = newBeginning(of: membership, since: answer.said) {
                    // It may take nothing of the answer, which is to what it had before.
                    // What was left out before is not behind it yet.
                    guard !membership.isLagging else {
                        leaveOut(membership)
                        continue
                    }
                    let sent = max(membership.floor, membership.heldFrom)
                    goOn(membership, from: ChannelPosition(messageSeq: start.messageSeq, eventSeq: sent))
                    continue
                }
                for message in reached.messages { report(message, sending, to: membership) }
                membership.isLagging = false
                membership.unstoredFloor = max(membership.unstoredFloor, reached.unstoredNumber)
                guard reached.hasMore else {
                    goOn(membership, from: reached.position)
                    continue
                }
                // The client asks for the rest; if it does not, it is told that there is one.
                membership.floor = reached.position.eventSeq
                membership.awaitsClient = true
                awaitsClientSince = .now()
            }
        }
    }

    /// Where the client's subscription begins, if it asked before it was told that; as far as one can see.
    private func newBeginning(of membership: Membership, since said: Timeline.ClientPosition) -> ChannelPosition? {
        guard let start = membership.toldFrom else { return nil }
        let epoch = shared.generation.epoch(of: membership.room.reference.incarnation).description
        let isBefore = said.messageSeq < start.messageSeq || said.eventSeq.map { $0 < start.eventSeq } ?? false
        return said.epoch != epoch || isBefore ? start : nil
    }

    /// Goes on live with the next event, and has the client told to resume for what lies before it.
    ///
    /// Not at once: what failed now would fail again.
    func leaveOut(_ membership: Membership) {
        membership.catchUp = nil
        membership.awaitsClient = false
        membership.isLagging = true
    }

    /// Leaves out what clients were to ask for and did not.
    func askAgain(at now: NIODeadline) {
        guard let since = awaitsClientSince, now - since > Self.longestPause else { return }
        awaitsClientSince = nil
        for membership in memberships where membership.awaitsClient { leaveOut(membership) }
    }

    /// Goes on live after a position, or reads first what the room has beyond it.
    private func goOn(_ membership: Membership, from position: ChannelPosition) {
        membership.floor = position.eventSeq
        let head = shared.rooms.position(of: membership.room.reference, in: term)
        if let head, head.eventSeq > position.eventSeq {
            catchUp(membership, from: position)
        } else {
            membership.catchUp = nil
        }
    }

    /// Brings the session what a channel has after a position, and then goes on live.
    func catchUp(_ membership: Membership, from position: ChannelPosition) {
        let catchUp = nextCatchUp()
        hold(membership, catchUp)
        let bound = NIOLoopBound(membership, eventLoop: hub.eventLoop)
        let isTaken = shared.reader.read(membership.room.reference, after: position) { [self] reading in
            hub.eventLoop.execute { self.bring(reading, to: bound.value, after: position, catchUp) }
        }
        if !isTaken { end(.goingAway) }
    }

    private func bring(
        _ reading: EventReader.Reading,
        to membership: Membership,
        after position: ChannelPosition,
        _ catchUp: Int
    ) {
        guard case .open(let connection) = state, connection.isOpen, !membership.isOver, membership.catchUp == catchUp,
            shared.rooms.isNow(term)
        else { return }
        // A channel that is gone is told by its room; what cannot be read is left out until the client resumes.
        guard case .events(let events) = reading, let end = events.last?.position else { return leaveOut(membership) }
        let unstored = shared.rooms.unstored(of: membership.room.reference, after: membership.unstoredFloor, in: term)
        for event in events {
            // What the storage does not have was heard, if it came while the session waited.
            let event = unstored.events.first { $0.position.eventSeq == event.position.eventSeq } ?? event
            let delivery = Delivery(event)
            guard let frame = delivery.frame, let kind = delivery.kind, !(kind.concernsMessages && membership.discards)
            else { continue }
            let sending = connection.send(frame)
            report(delivery, sending, to: membership)
            if sending == .refused { return leaveOut(membership) }
        }
        membership.unstoredFloor = max(membership.unstoredFloor, min(unstored.upTo, end.eventSeq))
        goOn(membership, from: end)
    }

    /// Counts what was brought of what came while the session waited; of anything older it was no receiver.
    private func report(_ delivery: Delivery, _ sending: WebSocketConnection.Sending, to membership: Membership) {
        let number = delivery.position.eventSeq
        guard number > membership.heldFrom else { return }
        var tally = DeliveryTally()
        // The room counts it among those online when it passes, unless the session has it by then.
        if number > membership.room.passedNumber(of: membership) { tally.online = 1 }
        switch sending {
        case .written: tally.written = 1
        case .queued: awaitWriting(of: delivery)
        case .refused: tally.lagging = 1
        }
        shared.receipts.report(delivery, tally)
    }

    // MARK: Slow clients

    func clearChanged() {
        for membership in memberships { membership.room.refresh(membership) }
    }

    /// A frame of the delivery waits to be written.
    func awaitWriting(of delivery: Delivery) {
        unwritten.append(delivery)
    }

    func drained() {
        for delivery in unwritten { shared.receipts.report(delivery, DeliveryTally(written: 1)) }
        unwritten.removeAll()
        tellOfLag()
    }

    func eased() {
        guard awaitsReader else { return }
        awaitsReader = false
        goOnAnswering()
    }

    /// Tells the client, who reads again, what was left out meanwhile.
    func tellOfLag() {
        guard case .open(let connection) = state, connection.isOpen, shared.rooms.isNow(term) else { return }
        var members: [JSONObject.Member] = []
        for membership in memberships where membership.isLagging {
            let reference = membership.room.reference
            // Nothing up to here comes any more: neither live nor by itself.
            let head = shared.rooms.position(of: reference, in: term) ?? membership.room.position
            membership.floor = max(membership.floor, head.eventSeq)
            membership.unstoredFloor = max(membership.unstoredFloor, head.eventSeq)
            membership.isLagging = false
            let position: JSONObject = [
                "Epoch": .string(shared.generation.epoch(of: reference.incarnation).description),
                "MsgSeq": .integer(head.messageSeq),
                "EventSeq": .integer(head.eventSeq),
            ]
            members.append(.init(name: reference.channel.rawValue, value: .object(position)))
        }
        guard !members.isEmpty else { return }
        let text = JSONRPC.notification("onLagging", parameters: JSONObject(members).json)
        _ = connection.sendAlways(WebSocketFrames.text(text))
    }
}

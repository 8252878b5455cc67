import Chat
import ChatProtocol
import EventBus
import NIOCore
import WebSockets

/// A user's live connection.
///
/// Unchecked, because it belongs to its hub's event loop: what changes is touched there alone, and who comes from
/// elsewhere uses the constants and goes through ``LoopHub/eventLoop``.
final class Session: WebSocketReceiver, @unchecked Sendable {
    private enum State {
        /// The login is good; the upgrade is under way since.
        case awaited(since: NIODeadline)
        case open(WebSocketConnection)
        case ended
    }

    let account: AccountReference
    let platform: ClientPlatform
    /// The client's address.
    let address: String
    /// A random number that tells the sessions of a user apart.
    let instance: Int64
    let token: VerifiedToken
    let hub: LoopHub

    /// Its place in the hub's wheel.
    var slot = -1
    var slotIndex = -1

    private var state: State
    /// What the user subscribed to when he logged in; taken when the session opens.
    private var followed: [Timeline.Followed] = []
    /// What was heard between the login and the opening.
    private var early: [(SubscriptionEvent, ByteBuffer)] = []
    private var memberships: [Membership] = []
    /// Numbers the times that a channel of the session was caught up with.
    private var catchUps = 0
    /// Deliveries whose frame waits to be written.
    private var unwritten: [Delivery] = []
    private var requests: [ByteBuffer] = []
    private var isAnswering = false
    /// Whether the next request waits until the client has read the answers before it.
    private var awaitsReader = false
    private var allowance: RequestAllowance

    private var shared: GatewayShared { hub.shared }

    init(
        _ account: AccountReference,
        platform: ClientPlatform,
        address: String,
        instance: Int64,
        token: VerifiedToken,
        on hub: LoopHub
    ) {
        (self.account, self.platform, self.address) = (account, platform, address)
        (self.instance, self.token, self.hub) = (instance, token, hub)
        let now = NIODeadline.now()
        state = .awaited(since: now)
        allowance = RequestAllowance(at: now)
    }

    /// Gives the session what its user subscribes to; before it opens.
    func follow(_ followed: [Timeline.Followed]) {
        self.followed = followed
    }

    // MARK: The connection's life

    func opened(_ connection: WebSocketConnection) {
        guard case .awaited = state else { return connection.close(.goingAway) }
        state = .open(connection)
        shared.metrics.opened(self)
        join(followed.map(fromTheBeginning))
        followed = []
        for (event, notification) in early { apply(event, notification) }
        early = []
    }

    func abandoned(_ connection: WebSocketConnection) {
        hub.bury(connection)
    }

    func closed() {
        release()
    }

    /// The login failed after all.
    func abandon() {
        release()
    }

    /// Whether nothing is to be looked after any more.
    var hasEnded: Bool {
        if case .ended = state { true } else { false }
    }

    /// Tells the client why and ends the session; one that is not open yet does not open.
    func end(_ end: SessionEnd) {
        guard case .open(let connection) = state else { return release() }
        guard connection.isOpen else { return }
        leave(memberships)
        shared.metrics.ended(end.code)
        if let notification = end.notification { _ = connection.sendAlways(WebSocketFrames.text(notification)) }
        connection.close(end.code, reason: end.reason)
    }

    private func release() {
        if case .ended = state { return }
        if case .open = state { shared.metrics.closed(self) }
        state = .ended
        leave(memberships)
        requests.removeAll()
        unwritten = []
        hub.remove(self)
        shared.sessions.remove(self)
        shared.addresses.release(address)
    }

    /// What the wheel does every few seconds.
    func lookAfter(at now: NIODeadline, _ time: Timestamp, pings: Bool) {
        switch state {
        case .awaited(let since):
            if now - since > GatewayDoor.longestUpgrade { release() }
        case .open(let connection):
            connection.tick(now: now)
            guard connection.isOpen else { return }
            if time >= token.expiresAt {
                end(.userSigExpired)
            } else if now - connection.lastHeard > LoopHub.longestSilence {
                end(.silent)
            } else if pings {
                connection.ping()
            }
        case .ended: break
        }
    }

    // MARK: Requests

    func received(text: ByteBuffer) {
        guard case .open(let connection) = state, connection.isOpen else { return }
        guard allowance.take(at: .now()) else { return end(.floods) }
        requests.append(text)
        if !isAnswering { answerNext(connection) }
    }

    func received(binary: ByteBuffer) {
        end(.binary)
    }

    /// One request at a time; nothing more is read meanwhile, so a client cannot fill the memory with them.
    private func answerNext(_ connection: WebSocketConnection) {
        guard !requests.isEmpty else {
            if isAnswering { connection.resumeReading() }
            isAnswering = false
            return
        }
        let request = requests.removeFirst()
        if !isAnswering { connection.suspendReading() }
        isAnswering = true
        shared.jobs.add { [self] in
            let answer = await shared.methods.answer(request, for: self)
            hub.eventLoop.execute { self.finish(answer) }
        }
    }

    private func finish(_ answer: MethodsAnswer) {
        guard case .open(let connection) = state else { return }
        if let text = answer.text, connection.isOpen { _ = connection.sendAlways(WebSocketFrames.text(text)) }
        guard allowance.charge(answer.further) else { return end(.floods) }
        for resumed in answer.resumed { resume(resumed) }
        // An answer may be large: whoever asks and does not read is not asked what else he wants.
        guard connection.waitingBytes <= WebSocketConnection.mostWaiting else {
            awaitsReader = true
            return
        }
        answerNext(connection)
    }

    // MARK: Rooms

    private func join(_ followed: [Timeline.Followed]) {
        guard case .open(let connection) = state, connection.isOpen, !followed.isEmpty else { return }
        let positions = shared.rooms.join(followed.map { ($0.reference, $0.position) }, hub)
        for (followed, position) in zip(followed, positions) {
            let room = hub.room(followed.reference)
            let membership = Membership(
                self,
                connection,
                in: room,
                discards: followed.discards,
                floor: followed.position.eventSeq
            )
            room.add(membership)
            memberships.append(membership)
            // The room is further than what was read for the session.
            if position.eventSeq > followed.position.eventSeq { catchUp(membership, from: followed.position) }
        }
    }

    /// A subscription that the client is going to be told of is followed from where that notification says it begins.
    private func fromTheBeginning(_ followed: Timeline.Followed) -> Timeline.Followed {
        let first = early.first { $0.0.reference == followed.reference }
        guard case .subscribed(let position, _)? = first?.0.change else { return followed }
        return Timeline.Followed(reference: followed.reference, position: position, discards: followed.discards)
    }

    private func leave(_ leaving: [Membership]) {
        guard !leaving.isEmpty else { return }
        for membership in leaving {
            membership.room.remove(membership)
            hub.forgetIfEmpty(membership.room)
        }
        shared.rooms.leave(leaving.map(\.room.reference), hub)
        if leaving.count == memberships.count {
            memberships = []
        } else {
            memberships.removeAll { membership in leaving.contains { $0 === membership } }
        }
    }

    /// The channel is gone, and the client was told so.
    func lose(_ membership: Membership) {
        leave([membership])
    }

    /// The user's subscriptions changed.
    ///
    /// - Parameter notification: the frame that tells the client; empty when it is told nothing.
    func apply(_ event: SubscriptionEvent, _ notification: ByteBuffer) {
        guard case .open(let connection) = state else {
            if case .awaited = state { early.append((event, notification)) }
            return
        }
        guard connection.isOpen else { return }
        let here = memberships.filter { $0.room.reference.channel == event.reference.channel }
        let same = here.first { $0.room.reference == event.reference }
        switch event.change {
        case .subscribed(let position, _):
            leave(here.filter { $0 !== same })
            if same == nil {
                join([Timeline.Followed(reference: event.reference, position: position, discards: false)])
            }
        case .unsubscribed: leave(same.map { [$0] } ?? [])
        case .discarding(let discards): same?.discards = discards
        }
        if notification.readableBytes > 0 { _ = connection.sendAlways(notification) }
    }

    // MARK: Catching up

    /// Lets the channels' events wait, so that an answer that is being made comes before them; called from a task.
    ///
    /// - Returns: which catching up it is.
    func hold(_ channels: [ChannelID]) async -> Int {
        await withCheckedContinuation { continuation in
            hub.eventLoop.execute {
                let catchUp = self.nextCatchUp()
                for membership in self.memberships where channels.contains(membership.room.reference.channel) {
                    membership.catchUp = catchUp
                }
                continuation.resume(returning: catchUp)
            }
        }
    }

    private func nextCatchUp() -> Int {
        catchUps += 1
        return catchUps
    }

    /// Goes on after what an answer brought.
    private func resume(_ resumed: MethodsAnswer.Resumed) {
        let membership = memberships.first {
            $0.room.reference.channel == resumed.channel && $0.catchUp == resumed.catchUp
        }
        guard let membership else { return }
        guard let position = resumed.position else { return leaveOut(membership) }
        membership.isLagging = false
        goOn(membership, from: position)
    }

    /// Goes on live with the next event, and tells the client to resume for what lies before it.
    private func leaveOut(_ membership: Membership) {
        membership.catchUp = nil
        membership.isLagging = true
        tellOfLag()
    }

    /// Goes on live after a position, or reads first what the room has beyond it.
    private func goOn(_ membership: Membership, from position: ChannelPosition) {
        membership.floor = position.eventSeq
        let head = shared.rooms.position(of: membership.room.reference)
        if let head, head.eventSeq > position.eventSeq {
            catchUp(membership, from: position)
        } else {
            membership.catchUp = nil
        }
    }

    /// Brings the session what a channel has after a position, and then goes on live.
    private func catchUp(_ membership: Membership, from position: ChannelPosition) {
        let catchUp = nextCatchUp()
        membership.catchUp = catchUp
        let reference = membership.room.reference
        shared.reader.read(reference, after: position) { [self] reading in
            hub.eventLoop.execute { self.bring(reading, to: reference, after: position, catchUp) }
        }
    }

    private func bring(
        _ reading: EventReader.Reading,
        to reference: ChannelReference,
        after position: ChannelPosition,
        _ catchUp: Int
    ) {
        guard case .open(let connection) = state, connection.isOpen,
            let membership = memberships.first(where: { $0.room.reference == reference }), membership.catchUp == catchUp
        else { return }
        // A channel that is gone is told by its room; what cannot be read is left out until the client resumes.
        guard case .events(let events) = reading, !events.isEmpty else { return leaveOut(membership) }
        for event in events {
            guard let kind = event.notification?.kind, !(kind.concernsMessages && membership.discards),
                let frame = Delivery(event).frame
            else { continue }
            if case .refused = connection.send(frame) {
                membership.catchUp = nil
                membership.isLagging = true
                return
            }
        }
        goOn(membership, from: events.last?.position ?? position)
    }

    // MARK: Slow clients

    /// A frame of the delivery waits to be written.
    func awaitWriting(of delivery: Delivery) {
        unwritten.append(delivery)
    }

    func drained() {
        for delivery in unwritten { shared.receipts.report(delivery, DeliveryTally(written: 1)) }
        unwritten.removeAll()
        tellOfLag()
        guard awaitsReader, case .open(let connection) = state else { return }
        awaitsReader = false
        answerNext(connection)
    }

    /// Tells the client, who reads again, what was left out meanwhile.
    private func tellOfLag() {
        guard case .open(let connection) = state, connection.isOpen else { return }
        var members: [JSONObject.Member] = []
        for membership in memberships where membership.isLagging {
            let reference = membership.room.reference
            // Nothing up to here comes any more: neither live nor by itself.
            let head = shared.rooms.position(of: reference) ?? membership.room.position
            membership.floor = max(membership.floor, head.eventSeq)
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

import Chat
import ChatProtocol
import EventBus
import NIOCore
import Synchronization
import WebSockets

/// A user's live connection.
///
/// Unchecked, because it belongs to its hub's event loop: what changes is touched there alone, and who comes from
/// elsewhere uses the constants and goes through ``LoopHub/eventLoop``. The one exception, ``follow(_:)``, comes before
/// the loop is told that there is such a session.
final class Session: WebSocketReceiver, @unchecked Sendable {
    enum State {
        /// The login is good; the upgrade is under way since.
        case awaited(since: NIODeadline)
        case open(WebSocketConnection)
        /// Why, if the client is to be told when it opens after all.
        case ended(SessionEnd?)
    }

    let account: AccountReference
    let platform: ClientPlatform
    /// The client's address.
    let address: String
    /// A random number that tells the sessions of a user apart.
    let instance: Int64
    let token: VerifiedToken
    /// The term of ``Rooms`` in which its subscriptions were read; in another one it must not go on.
    let term: Int
    let hub: LoopHub

    /// Its place in the hub's wheel.
    var slot = -1
    var slotIndex = -1

    private(set) var state: State
    /// What the user subscribed to when he logged in; taken when the session opens.
    private var followed: [Timeline.Followed] = []
    /// When that was read, or soon after.
    private(set) var followedSince = NIODeadline.now()
    /// What was heard between the login and the opening.
    var early: [EarlyChange] = []
    private(set) var memberships: [Membership] = []
    var left = LeftChannels()
    /// When it opened, in milliseconds since 1970; set before ``isLive``.
    let openedAt = Atomic<Int64>(0)
    /// Numbers the times that a channel of the session was caught up with.
    var catchUps = 0
    /// Deliveries whose frame waits to be written.
    var unwritten: [Delivery] = []
    /// Texts that wait to be answered.
    var requests: [ByteBuffer] = []
    var isAnswering = false
    /// Whether the next request waits until the client has read the answers before it.
    var awaitsReader = false
    var allowance: Allowance
    /// For answers, in parts of ``answerPart`` bytes.
    var answerAllowance: Allowance
    /// When the client was last told that there is more to ask for.
    var awaitsClientSince: NIODeadline?
    /// How many sessions its user may have; 0 = no limit.
    private let limit: Int64
    /// Whether it is open; who is online is asked from anywhere.
    let isLive = Atomic(false)

    /// How long a client may take to ask for the rest of an answer.
    static let longestPause = TimeAmount.seconds(10)

    var shared: GatewayShared { hub.shared }

    init(
        _ account: AccountReference,
        platform: ClientPlatform,
        address: String,
        instance: Int64,
        token: VerifiedToken,
        term: Int,
        limit: Int64,
        on hub: LoopHub
    ) {
        (self.account, self.platform, self.address) = (account, platform, address)
        (self.instance, self.token, self.term) = (instance, token, term)
        (self.limit, self.hub) = (limit, hub)
        let now = NIODeadline.now()
        state = .awaited(since: now)
        allowance = Allowance(Self.mostRequests, at: now)
        answerAllowance = Allowance(Self.mostAnswers, at: now)
    }

    /// Gives the session what its user subscribes to; before it opens.
    func follow(_ followed: [Timeline.Followed]) {
        self.followed = followed
        followedSince = .now()
    }

    // MARK: The connection's life

    func opened(_ connection: WebSocketConnection) {
        if case .ended(let end) = state {
            guard let end else { return connection.close(.goingAway) }
            return Self.end(connection, end)
        }
        state = .open(connection)
        shared.sessions.open(self, at: shared.clock.now)
        shared.metrics.opened(self)
        // Its term may have ended before it was among the sessions that were ended with it.
        guard shared.rooms.isNow(term) else { return end(.storageChanged) }
        shared.rounds.begin(with: self, limit: limit)
        begin(followed, early, connection)
        (followed, early) = ([], [])
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
        guard case .open(let connection) = state else { return release(end) }
        guard connection.isOpen else { return }
        isLive.store(false, ordering: .releasing)
        leave(memberships)
        shared.metrics.ended(end.code)
        Self.end(connection, end)
    }

    private static func end(_ connection: WebSocketConnection, _ end: SessionEnd) {
        if let notification = end.notification { _ = connection.sendAlways(WebSocketFrames.text(notification)) }
        connection.close(end.code, reason: end.reason)
    }

    private func release(_ end: SessionEnd? = nil) {
        if case .ended = state { return }
        if case .open(let connection) = state {
            shared.metrics.closed(self)
            if isLive.load(ordering: .relaxed) { shared.metrics.ended(connection.closeCode) }
        }
        state = .ended(end)
        isLive.store(false, ordering: .releasing)
        leave(memberships)
        requests.removeAll()
        unwritten = []
        hub.remove(self)
        shared.sessions.remove(self)
        shared.bus.unfollow([account.topic])
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
                hub.end(CollectionOfOne(self), .userSigExpired)
            } else if connection.isSilent(for: LoopHub.longestSilence, at: now) {
                hub.end(CollectionOfOne(self), .silent)
            } else if pings {
                connection.ping()
            }
            askAgain(at: now)
            if connection.waitingBytes == 0 { tellOfLag() }
        case .ended: break
        }
    }

    // MARK: Rooms

    /// - Parameter start: after which number the session was there also for what the storage does not have; nil when it was
    ///   there from now on.
    func join(_ followed: [Timeline.Followed], unstoredFrom start: Int64? = nil) {
        guard case .open(let connection) = state, connection.isOpen, !followed.isEmpty else { return }
        let wanted = followed.map { ($0.reference, $0.position) }
        // What it was told of the storage is void; it is going to be ended anyway, but has not got that far.
        guard let positions = shared.rooms.join(wanted, hub, in: term) else { return end(.storageChanged) }
        for (followed, position) in zip(followed, positions) {
            let room = hub.room(followed.reference, at: position, in: term)
            let membership = Membership(
                self,
                connection,
                in: room,
                discards: followed.discards,
                version: followed.version,
                floor: followed.position.eventSeq,
                unstoredFloor: position.eventSeq
            )
            room.add(membership)
            memberships.append(membership)
            left.remove(followed.reference)
            // The room is further than what was read for the session.
            if position.eventSeq > followed.position.eventSeq { catchUp(membership, from: followed.position) }
            if let start { membership.unstoredFloor = start }
        }
    }

    func leave(_ leaving: [Membership]) {
        guard !leaving.isEmpty else { return }
        for membership in leaving {
            membership.isOver = true
            membership.room.remove(membership)
            hub.forgetIfEmpty(membership.room)
        }
        shared.rooms.leave(leaving.map(\.room.reference), hub, in: term)
        memberships.removeAll { $0.isOver }
    }
}

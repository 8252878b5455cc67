import Chat
import ChatProtocol
import EventBus
import NIOCore
import WebSockets

/// What lives on one event loop: its sessions, their places in rooms, and the wheel that looks after them.
///
/// Unchecked, because the compiler cannot know that everything in it but `eventLoop` and the shared parts is touched on
/// that event loop alone; each method that is called from elsewhere says how.
final class LoopHub: @unchecked Sendable {
    /// Every session is looked after once in so many ticks of a second.
    static let slots = 5
    /// A session is pinged in every so many rounds.
    static let roundsBetweenPings = 5
    /// How long a peer may be silent.
    static let longestSilence = TimeAmount.seconds(Int64(2 * slots * roundsBetweenPings + slots))

    /// Frames that are sent before the loop looks for what has come in, or as much of something else: some 2 ms.
    static let slice = 200
    /// A loop does every task that is there before it reads or accepts again; only what is due later lets it.
    static let breath = TimeAmount.microseconds(20)

    let eventLoop: any EventLoop
    let shared: GatewayShared
    private var rooms: [ChannelReference: LoopRoom] = [:]
    /// Rooms that have something to deliver.
    private var busy: CircularBuffer<LoopRoom> = []
    private var isDelivering = false
    private var chores: CircularBuffer<Chore> = []
    private var isAtChores = false
    private var wheel: [[Session]]
    private var slot = 0
    private var round = 0
    private var timer: RepeatedTask?

    init(_ eventLoop: any EventLoop, _ shared: GatewayShared) {
        (self.eventLoop, self.shared) = (eventLoop, shared)
        wheel = Array(repeating: [], count: Self.slots)
    }

    /// Begins to look after sessions; may be called from anywhere.
    func start() {
        eventLoop.execute {
            self.timer = self.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
                self.tick()
            }
        }
    }

    /// Ends looking after sessions; may be called from anywhere.
    func stop() {
        eventLoop.execute { self.timer?.cancel() }
    }

    // MARK: Rooms

    /// The room of a channel on this loop, made when it is not there.
    ///
    /// - Parameters:
    ///   - position: after which the loop is given the channel's events from now on.
    ///   - term: one of an earlier term is left to those who are in it.
    func room(_ reference: ChannelReference, at position: ChannelPosition, in term: Int) -> LoopRoom {
        if let room = rooms[reference], room.term == term { return room }
        let room = LoopRoom(reference, at: position, in: term)
        rooms[reference] = room
        return room
    }

    /// Forgets a room that nobody is in.
    func forgetIfEmpty(_ room: LoopRoom) {
        if room.isEmpty, rooms[room.reference] === room { rooms[room.reference] = nil }
    }

    /// Takes the next event of a channel.
    ///
    /// - Parameter term: in which the event was delivered.
    func deliver(_ delivery: Delivery, in term: Int) {
        guard let room = rooms[delivery.reference], room.term == term else { return }
        if room.enqueue(delivery) { busy.append(room) }
        guard !isDelivering else { return }
        isDelivering = true
        deliverSlice()
    }

    /// Delivers to so many sessions, room after room, and goes on when the loop has looked around.
    private func deliverSlice() {
        var left = Self.slice
        while left > 0, let room = busy.first {
            let step = room.deliver(to: left)
            left -= max(1, step.visited)
            guard let (delivery, tally) = step.done else { break }
            shared.receipts.report(delivery, tally)
            busy.removeFirst()
            if delivery.kind == .deleted {
                empty(room)
            } else if room.hasDeliveries {
                busy.append(room)
            }
        }
        guard !busy.isEmpty else {
            isDelivering = false
            return
        }
        eventLoop.assumeIsolated().scheduleTask(in: Self.breath) { self.deliverSlice() }
    }

    /// Takes everybody out of a room whose end was delivered.
    private func empty(_ room: LoopRoom) {
        // Nothing more is delivered there while they go: the end may be said again.
        if rooms[room.reference] === room { rooms[room.reference] = nil }
        add(room.allMembers.map { .lose($0.session, $0) })
    }

    // MARK: Chores

    /// What is to be done for one of many sessions: each has to wait for those before it.
    private enum Chore {
        /// Its peer has gone.
        case close(WebSocketConnection)
        case end(Session, SessionEnd)
        /// The channel is gone, and the client was told so.
        case lose(Session, Membership)

        /// What it costs, in frames that are sent.
        var cost: Int {
            switch self {
            case .close: 25
            case .end: 10
            case .lose: 1
            }
        }

        func run() {
            switch self {
            case .close(let connection): connection.abandon()
            // Whoever is of another term by now is not told that it is for anything else.
            case .end(let session, let end):
                session.end(session.shared.rooms.isNow(session.term) ? end : .storageChanged)
            case .lose(let session, let membership): session.lose(membership)
            }
        }
    }

    /// Closes a connection whose peer has gone.
    func bury(_ connection: WebSocketConnection) {
        add(CollectionOfOne(.close(connection)))
    }

    /// Ends sessions of this loop.
    func end(_ sessions: some Collection<Session>, _ end: SessionEnd) {
        add(sessions.map { .end($0, end) })
    }

    private func add(_ more: some Collection<Chore>) {
        chores.append(contentsOf: more)
        guard !isAtChores, !chores.isEmpty else { return }
        isAtChores = true
        // Not at once: peers that go together are found in the same look at the sockets.
        eventLoop.assumeIsolated().scheduleTask(in: Self.breath) { self.doChores() }
    }

    private func doChores() {
        var left = Self.slice
        while left > 0, let chore = chores.popFirst() {
            left -= chore.cost
            chore.run()
        }
        guard !chores.isEmpty else {
            isAtChores = false
            return
        }
        eventLoop.assumeIsolated().scheduleTask(in: Self.breath) { self.doChores() }
    }

    // MARK: Sessions

    /// Looks after a session from now on, unless it was ended before it could open.
    func add(_ session: Session) {
        guard !session.hasEnded else { return }
        let emptiest = wheel.indices.min { wheel[$0].count < wheel[$1].count } ?? 0
        session.slot = emptiest
        session.slotIndex = wheel[emptiest].count
        wheel[emptiest].append(session)
    }

    func remove(_ session: Session) {
        let (slot, index) = (session.slot, session.slotIndex)
        guard wheel.indices.contains(slot), wheel[slot].indices.contains(index), wheel[slot][index] === session else {
            return
        }
        wheel[slot].swapAt(index, wheel[slot].count - 1)
        wheel[slot].removeLast()
        if index < wheel[slot].count { wheel[slot][index].slotIndex = index }
    }

    private func tick() {
        let now = NIODeadline.now()
        let time = shared.clock.now
        // A copy, because a session that ends leaves its slot.
        for session in wheel[slot] { session.lookAfter(at: now, time, pings: round == 0) }
        slot += 1
        guard slot == Self.slots else { return }
        slot = 0
        round = (round + 1) % Self.roundsBetweenPings
    }
}

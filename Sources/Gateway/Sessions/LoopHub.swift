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

    /// Frames that are sent before the loop looks for what has come in: some 2 ms.
    static let slice = 200
    /// Connections that are closed before it does.
    static let closingSlice = 8
    /// A loop does every task that is there before it reads or accepts again; only what is due later lets it.
    static let breath = TimeAmount.microseconds(20)

    let eventLoop: any EventLoop
    let shared: GatewayShared
    private var rooms: [ChannelReference: LoopRoom] = [:]
    /// Rooms that have something to deliver.
    private var busy: CircularBuffer<LoopRoom> = []
    private var isDelivering = false
    /// Connections whose peers have gone.
    private var abandoned: CircularBuffer<WebSocketConnection> = []
    private var isClosing = false
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
    func room(_ reference: ChannelReference) -> LoopRoom {
        if let room = rooms[reference] { return room }
        let room = LoopRoom(reference)
        rooms[reference] = room
        return room
    }

    /// Forgets a room that nobody is in.
    func forgetIfEmpty(_ room: LoopRoom) {
        if room.isEmpty, rooms[room.reference] === room { rooms[room.reference] = nil }
    }

    /// Takes the next event of a channel.
    func deliver(_ delivery: Delivery) {
        guard let room = rooms[delivery.reference] else { return }
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
            if delivery.kind == .deleted {
                for membership in room.allMembers { membership.session.lose(membership) }
            }
            busy.removeFirst()
            if room.hasDeliveries { busy.append(room) }
        }
        guard !busy.isEmpty else {
            isDelivering = false
            return
        }
        eventLoop.assumeIsolated().scheduleTask(in: Self.breath) { self.deliverSlice() }
    }

    /// Closes a connection whose peer has gone, after those that went before.
    func bury(_ connection: WebSocketConnection) {
        abandoned.append(connection)
        guard !isClosing else { return }
        isClosing = true
        // Not at once: the next ones are found in the same look at the sockets.
        eventLoop.assumeIsolated().scheduleTask(in: Self.breath) { self.closeSlice() }
    }

    private func closeSlice() {
        for _ in 0..<min(Self.closingSlice, abandoned.count) { abandoned.removeFirst().abandon() }
        guard !abandoned.isEmpty else {
            isClosing = false
            return
        }
        eventLoop.assumeIsolated().scheduleTask(in: Self.breath) { self.closeSlice() }
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

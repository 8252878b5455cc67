import Dispatch
import EventBus
import Logging
import Synchronization

/// Keeps a node connected, and subscribed to what it follows: on a thread of its own, because the C library blocks.
///
/// Whoever follows waits for one answer of the server together with everybody who came while it was on its way. While
/// the bus is away nobody waits: what is missed then is made good when it is back.
final class Link: Sendable {
    /// How long the server may take to say that it has the subscriptions, in milliseconds.
    static let longestConfirmation: Int64 = 500
    /// Between two attempts to connect, in milliseconds: at first, and at most; each drawn between half of it and all.
    static let firstPause = 100
    static let longestPause = 2000
    /// How often the node says that it is there, in milliseconds.
    static let heartbeat = 2000

    /// What is told of the link, on its thread; must not block.
    protocol Owner: NATSReceiver {
        /// The bus is there, again or for the first time; what was published before may not have come.
        func cameUp()
        /// It is time to say that the node is there.
        func beat()
        /// Messages were dropped since it was told so last.
        func missed()
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let ended = DispatchGroup()
    private let settings: NATSSettings
    private let subjects: Subjects
    private let node: PeerNode
    private let outgoing: Outgoing
    private let metrics: BusMetrics
    private let logger: Logger

    init(
        _ settings: NATSSettings,
        _ subjects: Subjects,
        node: PeerNode,
        _ outgoing: Outgoing,
        _ metrics: BusMetrics,
        _ logger: Logger
    ) {
        (self.settings, self.subjects, self.node) = (settings, subjects, node)
        (self.outgoing, self.metrics, self.logger) = (outgoing, metrics, logger)
    }

    // MARK: From anywhere

    func start(for owner: any Owner) {
        DispatchQueue(label: "rostrum.bus.link").async(group: ended) { [self] in run(for: owner) }
    }

    /// Ends the connection; blocks until nothing runs any more.
    func stop() {
        state.withLock { $0.isStopped = true }
        wake.signal()
        ended.wait()
    }

    func follow(_ topics: [Topic], confirmed: @escaping @Sendable () -> Void) {
        let (isDone, wakes) = state.withLock { $0.follow(topics, confirmed: confirmed) }
        if wakes { wake.signal() }
        if isDone { confirmed() }
    }

    func unfollow(_ topics: [Topic]) {
        let wakes = state.withLock { $0.unfollow(topics) }
        if wakes { wake.signal() }
    }

    func ended(connection number: UInt) {
        state.withLock { $0.ended = max($0.ended, number) }
        wake.signal()
    }

    /// Messages are being dropped, for as long as nobody can say.
    func dropped() {
        state.withLock { $0.isDropping = true }
    }

    var isUp: Bool { state.withLock { $0.isUp } }

    var status: BusStatus { state.withLock { $0.status } }

    // MARK: On the thread

    private func run(for owner: any Owner) {
        var session: Session?
        var pause = Self.firstPause
        var nextAttempt = DispatchTime.now()
        var nextBeat = DispatchTime.now()
        var known: [String] = []
        while !state.withLock({ $0.isStopped }) {
            if let current = session, hasEnded(current) {
                give(up: current, because: "the connection was lost")
                (session, pause, nextAttempt) = (nil, Self.firstPause, .now())
            }
            if session == nil, nextAttempt <= .now() {
                session = connect(knowing: known, telling: owner)
                if let session {
                    if !known.isEmpty { metrics.reconnected() }
                    known = session.connection.servers
                    (pause, nextBeat) = (Self.firstPause, .now())
                } else {
                    nextAttempt = .now() + .milliseconds(Int.random(in: pause / 2...pause))
                    pause = min(2 * pause, Self.longestPause)
                }
            }
            if let session { keep(session, for: owner) }
            if nextBeat <= .now() {
                owner.beat()
                if let session, hasDropped(session) { owner.missed() }
                nextBeat = .now() + .milliseconds(Self.heartbeat)
            }
            _ = wake.wait(timeout: session == nil ? min(nextAttempt, nextBeat) : nextBeat)
        }
        if let session { close(session) }
        for confirmed in state.withLock({ $0.end() }) { confirmed() }
    }

    private func hasEnded(_ session: Session) -> Bool {
        state.withLock { $0.ended == session.connection.number }
    }

    /// Connects and subscribes to everything that is followed; nil when no server is there.
    private func connect(knowing known: [String], telling owner: any Owner) -> Session? {
        let named = settings.servers.shuffled()
        let told = known.filter { !named.contains($0) }.shuffled()
        do throws(NATSFault) {
            let session = try Session(to: named + told, settings, subjects, of: node, for: owner)
            let topics = state.withLock { $0.interests.followed }
            guard session.subscribe(to: topics) else {
                session.connection.close()
                return refuse("the server does not answer")
            }
            isThere(session, with: topics)
            return session
        } catch {
            return refuse(error.description)
        }
    }

    private func refuse(_ fault: String) -> Session? {
        state.withLock { state in
            if state.fault != fault {
                logger.warning("the bus is away", metadata: ["fault": .string(fault)])
            }
            state.fault = fault
        }
        return nil
    }

    private func isThere(_ session: Session, with topics: [Topic]) {
        let server = session.connection.server
        state.withLock { $0.isThere(at: server, with: topics) }
        outgoing.use(session.connection)
        metrics.isConnected(true)
        logger.info(
            "the bus is there",
            metadata: ["server": .string(server), "topics": .stringConvertible(topics.count)]
        )
        session.isNews = true
    }

    /// Makes the subscriptions what they should be, and tells of it when the bus is there again by that.
    private func keep(_ session: Session, for owner: any Owner) {
        apply(to: session)
        guard session.isNews else { return }
        session.isNews = false
        // Whoever began to follow just before did not wait for the bus, and may miss something until it has come so far.
        apply(to: session)
        if isUp { owner.cameUp() }
    }

    /// Whether messages may have been dropped since this was asked last.
    ///
    /// The library says when it begins to drop, and not when it ends: what was told of before the end was too early.
    private func hasDropped(_ session: Session) -> Bool {
        let wasDropping = state.withLock { state in
            defer { state.isDropping = false }
            return state.isDropping
        }
        guard wasDropping else { return false }
        if session.hasDropped() { state.withLock { $0.isDropping = true } }
        return true
    }

    /// Makes the subscriptions what they should be, and tells who waits for them.
    private func apply(to session: Session) {
        let (taken, isUp) = state.withLock { ($0.interests.take(), $0.isUp) }
        for (topic, isFollowed) in taken.changed { session.follow(topic, isFollowed) }
        let followed = taken.changed.filter(\.isFollowed).map(\.topic)
        metrics.follows(session.topics.count)
        if !followed.isEmpty || !taken.waiting.isEmpty || !isUp {
            if session.connection.flush(within: Self.longestConfirmation) {
                state.withLock { $0.interests.confirm(followed) }
                if !isUp { isThere(session, with: Array(session.topics.keys)) }
            } else if isUp {
                isAway(because: "the server does not answer")
            }
        }
        for confirmed in taken.waiting { confirmed() }
    }

    private func isAway(because fault: String) {
        state.withLock { $0.isAway(because: fault) }
        metrics.isConnected(false)
        logger.warning("the bus is away", metadata: ["fault": .string(fault)])
    }

    private func give(up session: Session, because fault: String) {
        isAway(because: fault)
        outgoing.use(nil)
        session.connection.close()
    }

    private func close(_ session: Session) {
        outgoing.use(nil)
        metrics.isConnected(false)
        session.connection.close()
    }
}

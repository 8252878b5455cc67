import ChatProtocol
package import EventBus

/// What a node has to say and has not written yet.
package struct OutgoingQueue: Sendable {
    /// The most items that wait, and about how many bytes of events.
    package static let mostItems = 20_000
    package static let mostBytes = 8 << 20
    /// How many of them may be ``Event/sessions(_:)``: a node that asks for all its users takes no place from what was
    /// committed.
    package static let mostSessions = mostItems / 2

    package enum Item: Sendable, Equatable {
        case event(Event)
        case message(Publication)

        /// Whether it means something on a later connection.
        ///
        /// Which sessions there are does not: when the bus is back everybody asks anew, and one that was open before may
        /// have ended meanwhile, so that a user would lose another one as one too many.
        fileprivate var isKept: Bool {
            switch self {
            case .event(.sessions), .message: false
            case .event: true
            }
        }

        fileprivate var isOfSessions: Bool { if case .event(.sessions) = self { true } else { false } }

        fileprivate var size: Int {
            guard case .event(let event) = self else { return 0 }
            return switch event {
            case .channel(let event): 200 + (event.notification?.parameters.count ?? 0)
            case .subscriptions(let event):
                if case .subscribed(_, let parameters) = event.change {
                    200 + parameters.count + 40 * event.users.count
                } else {
                    200 + 40 * event.users.count
                }
            default: 200
            }
        }
    }

    package enum Admission: Sendable {
        case taken
        /// There is no room for it.
        case full
        /// It means nothing by the time that it could be written.
        case needless
    }

    package private(set) var items: [Item] = []
    private var bytes = 0
    /// How many items tell of sessions.
    private var sessions = 0
    /// Whether the other nodes are to be told that something may be missing.
    package private(set) var hasGap = false

    package init() {}

    /// - Parameter isConnected: whether it can be written now.
    package mutating func add(_ item: Item, isConnected: Bool) -> Admission {
        guard item.isKept || isConnected else { return .needless }
        guard items.count < Self.mostItems, bytes + item.size <= Self.mostBytes,
            !item.isOfSessions || sessions < Self.mostSessions
        else {
            // Every node that hears of a gap asks for sessions, which would make the next one.
            if item.isKept { addGap() }
            return .full
        }
        items.append(item)
        bytes += item.size
        if item.isOfSessions { sessions += 1 }
        return .taken
    }

    /// Has the other nodes told, after everything that waits, that something is missing.
    package mutating func addGap() { hasGap = true }

    /// - Parameter gap: what tells of a gap.
    /// - Returns: everything that waits; it is the taker's from now on.
    package mutating func takeAll(gap: Publication) -> [Item] {
        // After everything that was kept, and not only when nothing more comes: that may never be.
        let all = hasGap ? items + [.message(gap)] : items
        self = OutgoingQueue()
        return all
    }

    /// Takes back, for the next connection, what could not be written; it comes before everything else.
    package mutating func putBack(_ unwritten: some Sequence<Item>) {
        let kept = unwritten.filter(\.isKept)
        items = kept + items
        bytes += kept.reduce(0) { $0 + $1.size }
        addGap()
    }

    /// The connection is lost, and what its socket held may be.
    package mutating func disconnect() {
        items.removeAll { !$0.isKept }
        bytes = items.reduce(0) { $0 + $1.size }
        sessions = 0
        addGap()
    }
}

package import Chat
package import ChatProtocol
import Synchronization

/// The sessions of this node, by account.
package final class SessionRegistry: Presence {
    /// Into how many parts the accounts are divided, for whoever goes through all of them little by little.
    static let parts = 60

    /// The sessions of each account; the accounts lie in parts.
    private struct Table {
        private(set) var parts = [[AccountReference: [Session]]](repeating: [:], count: SessionRegistry.parts)

        subscript(_ account: AccountReference) -> [Session] {
            get { parts[Self.part(of: account)][account] ?? [] }
            set { parts[Self.part(of: account)][account] = newValue.isEmpty ? nil : newValue }
        }

        private static func part(of account: AccountReference) -> Int {
            Int(UInt(bitPattern: account.hashValue) % UInt(SessionRegistry.parts))
        }

        var isEmpty: Bool { parts.allSatisfy(\.isEmpty) }
        var all: [Session] { parts.flatMap { $0.values.joined() } }
    }

    private let sessions = Mutex(Table())

    package init() {}

    /// Adds a session, which hears of changes from now on and counts as online when it has opened.
    func add(_ session: Session) {
        sessions.withLock { $0[session.account].append(session) }
    }

    /// A session has opened: later than every other one of its user on this node.
    func open(_ session: Session, at now: Timestamp) {
        sessions.withLock { sessions in
            let last = sessions[session.account].map { $0.openedAt.load(ordering: .relaxed) }.max() ?? 0
            session.openedAt.store(max(now.milliseconds, last + 1), ordering: .relaxed)
            session.isLive.store(true, ordering: .releasing)
        }
    }

    func remove(_ session: Session) {
        sessions.withLock { sessions in
            guard let index = sessions[session.account].firstIndex(where: { $0 === session }) else { return }
            sessions[session.account].remove(at: index)
        }
    }

    func sessions(of users: [UserID], in application: SDKAppID) -> [Session] {
        sessions.withLock { sessions in
            guard !sessions.isEmpty else { return [] }
            return users.flatMap { sessions[AccountReference(application: application, user: $0)] }
        }
    }

    func sessions(in application: SDKAppID) -> [Session] {
        sessions.withLock { $0.all }.filter { $0.account.application == application }
    }

    /// How many sessions there are.
    package var count: Int { sessions.withLock { $0.parts.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.count } } } }

    /// The accounts of one part that have sessions.
    func accounts(inPart part: Int) -> [AccountReference] {
        sessions.withLock { Array($0.parts[part].keys) }
    }

    /// All sessions, by the application that they belong to.
    var byApplication: [SDKAppID: [Session]] {
        Dictionary(grouping: sessions.withLock { $0.all }, by: \.account.application)
    }

    package func sessions(of users: [UserID], of application: SDKAppID) async -> [UserID: [PresentSession]] {
        present(among: users, of: application)
    }

    /// The open sessions of each of some users on this node.
    func present(among users: [UserID], of application: SDKAppID) -> [UserID: [PresentSession]] {
        var present: [UserID: [PresentSession]] = [:]
        for session in sessions(of: users, in: application) where session.isLive.load(ordering: .acquiring) {
            present[session.account.user, default: []].append(
                PresentSession(platform: session.platform, instance: session.instance)
            )
        }
        return present
    }
}

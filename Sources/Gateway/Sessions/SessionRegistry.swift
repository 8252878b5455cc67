package import Chat
package import ChatProtocol
import Synchronization

/// The sessions of this node, by account.
package final class SessionRegistry: Presence {
    private let sessions = Mutex<[AccountReference: [Session]]>([:])

    package init() {}

    /// Adds a session, which hears of changes from now on and counts as online when it has opened.
    func add(_ session: Session) {
        sessions.withLock { $0[session.account, default: []].append(session) }
    }

    /// The oldest open sessions of a session's user, as far as there are too many with it.
    ///
    /// - Parameter limit: how many the user may have; 0 = no limit.
    func excess(besides session: Session, limit: Int64) -> [Session] {
        sessions.withLock { sessions in
            let open = (sessions[session.account] ?? []).filter { $0.isLive.load(ordering: .acquiring) }
            return limit > 0
                ? Array(open.filter { $0 !== session }.prefix(max(0, open.count - Int(clamping: limit)))) : []
        }
    }

    func remove(_ session: Session) {
        sessions.withLock { sessions in
            guard let index = sessions[session.account]?.firstIndex(where: { $0 === session }) else { return }
            sessions[session.account]?.remove(at: index)
            if sessions[session.account]?.isEmpty == true { sessions[session.account] = nil }
        }
    }

    func sessions(of users: [UserID], in application: SDKAppID) -> [Session] {
        sessions.withLock { sessions in
            guard !sessions.isEmpty else { return [] }
            return users.flatMap { sessions[AccountReference(application: application, user: $0)] ?? [] }
        }
    }

    func sessions(in application: SDKAppID) -> [Session] {
        sessions.withLock { sessions in
            sessions.filter { $0.key.application == application }.flatMap(\.value)
        }
    }

    /// How many sessions there are.
    package var count: Int { sessions.withLock { $0.values.reduce(0) { $0 + $1.count } } }

    /// All sessions, by the application that they belong to.
    var byApplication: [SDKAppID: [Session]] {
        let all = sessions.withLock { Array($0.values.joined()) }
        return Dictionary(grouping: all, by: \.account.application)
    }

    package func sessions(of users: [UserID], of application: SDKAppID) async -> [UserID: [PresentSession]] {
        var present: [UserID: [PresentSession]] = [:]
        for session in sessions(of: users, in: application) where session.isLive.load(ordering: .acquiring) {
            present[session.account.user, default: []].append(
                PresentSession(platform: session.platform, instance: session.instance)
            )
        }
        return present
    }
}

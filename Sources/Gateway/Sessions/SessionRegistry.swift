package import Chat
package import ChatProtocol
import Synchronization

/// The sessions of this node, by account.
package final class SessionRegistry: Presence {
    private let sessions = Mutex<[AccountReference: [Session]]>([:])

    package init() {}

    /// Adds a session.
    ///
    /// - Parameter limit: how many the user may have; 0 = no limit.
    /// - Returns: the oldest ones, which are over the limit now.
    func add(_ session: Session, limit: Int64) -> [Session] {
        sessions.withLock { sessions in
            var own = sessions[session.account] ?? []
            own.append(session)
            let excess = limit > 0 ? own.prefix(max(0, own.count - Int(clamping: limit))) : []
            sessions[session.account] = Array(own.dropFirst(excess.count))
            return Array(excess)
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

    /// The applications that have sessions.
    var applications: Set<SDKAppID> {
        sessions.withLock { Set($0.keys.map(\.application)) }
    }

    package func sessions(of users: [UserID], of application: SDKAppID) async -> [UserID: [PresentSession]] {
        var present: [UserID: [PresentSession]] = [:]
        for session in sessions(of: users, in: application) {
            present[session.account.user, default: []].append(
                PresentSession(platform: session.platform, instance: session.instance)
            )
        }
        return present
    }
}

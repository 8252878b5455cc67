package import Chat
package import ChatProtocol
import Synchronization

/// Live connections as a test says they are.
package final class ScriptedPresence: Presence {
    private let present = Mutex<[SDKAppID: [UserID: [PresentSession]]]>([:])

    package init() {}

    /// Puts these in place of the user's sessions.
    package func set(_ sessions: [PresentSession], of user: UserID, in application: SDKAppID = .example) {
        present.withLock { $0[application, default: [:]][user] = sessions }
    }

    package func sessions(of users: [UserID], of application: SDKAppID) async -> [UserID: [PresentSession]] {
        present.withLock { present in
            (present[application] ?? [:]).filter { users.contains($0.key) }
        }
    }
}

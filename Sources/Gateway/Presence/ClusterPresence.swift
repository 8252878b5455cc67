package import Chat
package import ChatProtocol
package import EventBus

/// Knows who has a live connection on any node: asks the others, and answers them.
///
/// A node that does not answer in time counts as one where nobody is.
package struct ClusterPresence: Presence {
    /// Users in one question: the answer must fit in a message of the bus.
    static let mostUsers = 100

    private let sessions: SessionRegistry
    private let peers: any Peers

    package init(_ sessions: SessionRegistry, _ peers: any Peers) {
        (self.sessions, self.peers) = (sessions, peers)
        peers.answer { [sessions] question in
            guard let asked = PresenceQuestion(question) else { return nil }
            return PresenceAnswer(sessions.present(among: asked.users, of: asked.application)).json
        }
    }

    package func sessions(of users: [UserID], of application: SDKAppID) async -> [UserID: [PresentSession]] {
        var present = sessions.present(among: users, of: application)
        var rest = users[...]
        while !rest.isEmpty {
            let question = PresenceQuestion(application: application, users: Array(rest.prefix(Self.mostUsers)))
            for answer in await peers.ask(question.json) {
                for (user, sessions) in PresenceAnswer(answer)?.sessions ?? [:] {
                    present[user, default: []] += sessions
                }
            }
            rest = rest.dropFirst(Self.mostUsers)
        }
        return present
    }
}

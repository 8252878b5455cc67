package import ChatProtocol

/// Which sessions of a user a node has: nodes tell each other when one opens, so that all of them see who has too many.
package struct UserSessions: Sendable, Hashable {
    package struct Session: Sendable, Hashable {
        /// Tells the user's sessions apart.
        package let instance: Int64
        /// By the clock of its node, in milliseconds since 1970.
        package let openedAt: Int64

        package init(instance: Int64, openedAt: Int64) {
            (self.instance, self.openedAt) = (instance, openedAt)
        }
    }

    /// A question to all nodes, and what is the same in all answers to it.
    package struct Round: Sendable, Hashable {
        package let application: SDKAppID
        package let user: UserID
        /// A random number that tells rounds apart.
        package let number: Int64
        /// The session that has opened just now and is the newest, whatever the clocks say; nil when it is only asked.
        package let newest: Int64?
        /// How many sessions the user may have.
        package let limit: Int64

        package init(application: SDKAppID, user: UserID, number: Int64, newest: Int64?, limit: Int64) {
            (self.application, self.user, self.number) = (application, user, number)
            (self.newest, self.limit) = (newest, limit)
        }
    }

    package let round: Round
    /// Whether other nodes are to tell theirs.
    package let isQuestion: Bool
    /// A random number that tells nodes apart.
    package let node: Int64
    package let sessions: [Session]

    package init(_ round: Round, isQuestion: Bool, node: Int64, sessions: [Session]) {
        (self.round, self.isQuestion) = (round, isQuestion)
        (self.node, self.sessions) = (node, sessions)
    }
}

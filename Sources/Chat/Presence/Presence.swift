package import ChatProtocol

/// A live connection of a user.
package struct PresentSession: Sendable, Hashable {
    package let platform: ClientPlatform
    /// Tells the user's sessions apart.
    package let instance: Int64

    package init(platform: ClientPlatform, instance: Int64) {
        (self.platform, self.instance) = (platform, instance)
    }
}

/// Knows who has a live connection: the port behind which the gateway stands.
package protocol Presence: Sendable {
    /// The sessions of each of some users, on all nodes; who has none may be left out.
    func sessions(of users: [UserID], of application: SDKAppID) async -> [UserID: [PresentSession]]
}

/// Where there are no live connections: the command line.
package struct NoPresence: Presence {
    package init() {}

    package func sessions(of users: [UserID], of application: SDKAppID) async -> [UserID: [PresentSession]] {
        [:]
    }
}

/// The other nodes of the installation, which can be asked something that only they know.
package protocol Peers: Sendable {
    /// The nodes that have been heard of lately, without this one.
    var nodes: [PeerNode] { get }

    /// Asks them all, and gathers what they answer until each has answered or half a second is over.
    ///
    /// A node that has died or does not understand the question is not among the answers.
    func ask(_ question: [UInt8]) async -> [[UInt8]]

    /// Says how this node answers, once; nil is no answer. It must not block.
    func answer(_ responder: @escaping @Sendable (_ question: [UInt8]) -> [UInt8]?)

    /// Tells the others again and again which history of the storage this node has seen, once it was asked for; 0 is none.
    ///
    /// - Parameters:
    ///   - own: as it is at the moment. It must not block, as `heard` must not.
    ///   - heard: told what the others say.
    func compareLineages(own: @escaping @Sendable () -> Int64, heard: @escaping @Sendable (Int64) -> Void)
}

/// A node as it introduces itself to the others.
package struct PeerNode: Sendable, Hashable {
    /// Drawn when it starts.
    package let id: String
    package let version: String
    /// What it was started for, such as `gateway`.
    package let roles: [String]

    package init(id: String, version: String, roles: [String]) {
        (self.id, self.version, self.roles) = (id, version, roles)
    }
}

/// How the bus between the nodes is.
package struct BusStatus: Sendable, Equatable {
    package let isConnected: Bool
    /// Where it is connected, without credentials; nil when it is not.
    package let server: String?
    /// Why it is not, in words for an operator; nil when it is.
    package let fault: String?
    /// How many topics this node follows.
    package let topics: Int

    package init(isConnected: Bool, server: String?, fault: String?, topics: Int) {
        (self.isConnected, self.server, self.fault, self.topics) = (isConnected, server, fault, topics)
    }
}

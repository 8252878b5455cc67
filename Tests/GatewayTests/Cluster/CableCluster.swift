import Chat
import ChatProtocol
import Database
import RostrumTesting

/// Nodes over one database and a bus of which each test says what it brings, and when.
///
/// What the first node tells the others of subscriptions can be kept, so that they hear of it late.
struct CableCluster {
    let nodes: [LiveNode]
    let cable: BusCable
    private let ends: [BusCable.End]

    /// The one whose changes can be kept.
    var late: LiveNode { nodes[0] }
    /// Another one, whose changes are told at once.
    var prompt: LiveNode { nodes[1] }
    /// The one that clients are connected to.
    var serving: LiveNode { nodes[2] }

    fileprivate init(_ nodes: [LiveNode], _ cable: BusCable, _ ends: [BusCable.End]) {
        (self.nodes, self.cable, self.ends) = (nodes, cable, ends)
    }

    /// Does something on the first node, of whose changes the others do not hear yet.
    func keepingChanges(_ body: (LiveNode) async throws -> Void) async throws {
        cable.keepChanges(from: ends[0])
        try await body(late)
    }

    /// Does something on the first node, of whose changes the others never hear.
    func losingChanges(_ body: (LiveNode) async throws -> Void) async throws {
        try await keepingChanges(body)
        cable.loseChanges()
    }
}

/// Hands `body` three such nodes with the example application and the channel of news in it, and stops them.
///
/// - Parameters:
///   - reconciliationInterval: longer than any test when nothing is said.
///   - wrap: what the last node reads through.
func withCableCluster<Wrapped: Database>(
    reconciliationInterval: Duration = .seconds(3600),
    reading wrap: (any Database) -> Wrapped,
    _ body: (CableCluster, Wrapped) async throws -> Void
) async throws {
    try await StorageEngine.sqlite.withDatabase { database in
        let cable = BusCable(.init(), seed: 1)
        let ends = (0..<3).map { _ in cable.makeEnd() }
        let wrapped = wrap(database)
        var options = LiveNode.Options()
        (options.loops, options.comparisonInterval) = (1, .seconds(3600))
        options.reconciliationInterval = reconciliationInterval
        var nodes: [LiveNode] = []
        for (index, end) in ends.enumerated() {
            (options.bus, options.seed) = (end, UInt64(index) * 7919 + 1)
            let storage: any Database = index == 2 ? wrapped : database
            nodes.append(try await LiveNode.start(over: storage, options))
        }
        func stop() async { for node in nodes { await node.stop() } }
        do {
            let installation = nodes[0].installation
            _ = try await installation.applications.create(.example(), by: installation.operation())
            try await installation.setLimits([.broadcastsPerSecond: 0, .broadcastsPerHour: 0])
            try await nodes[0].createChannel()
            try await body(CableCluster(nodes, cable, ends), wrapped)
        } catch {
            await stop()
            throw error
        }
        await stop()
    }
}

func withCableCluster(
    reconciliationInterval: Duration = .seconds(3600),
    _ body: (CableCluster) async throws -> Void
) async throws {
    try await withCableCluster(reconciliationInterval: reconciliationInterval, reading: HeldReads.init) { cluster, _ in
        try await body(cluster)
    }
}

extension LiveNode {
    func setFlag(_ flag: MessageFlag, of user: String, in id: ChannelID = .news) async throws {
        let call = try await installation.call(as: UserID(user))
        try await installation.subscribers.setMessageFlag(flag, in: id, for: call)
    }
}

extension LiveClient {
    /// Asks for something, so that whatever the server had to tell before has arrived.
    func catchUp() async throws {
        try await call("getOfficialAccountList")
    }
}

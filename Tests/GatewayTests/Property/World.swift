import Chat
import ChatProtocol
import Database
import EventBus
import RostrumTesting
import Synchronization
import Testing

/// Nodes over one database, users with several devices, and channels: what a run of the property test acts on.
final class World: Sendable {
    /// What a run is made of.
    struct Kind: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let nodes: Int
        let loops: Int
        let faults: BusCable.Faults

        static let oneLoop = Kind(testDescription: "one event loop", nodes: 1, loops: 1, faults: .init())
        static let twoLoops = Kind(testDescription: "two event loops", nodes: 1, loops: 2, faults: .init())
        static let cluster = Kind(
            testDescription: "two nodes and a bad bus",
            nodes: 2,
            loops: 1,
            faults: .init(lost: 150, doubled: 100, delayed: 150)
        )
        static let deafCluster = Kind(
            testDescription: "two nodes and a bus that loses changes of subscriptions, too, or brings them late",
            nodes: 2,
            loops: 1,
            faults: .init(lost: 150, doubled: 100, delayed: 150, lostChanges: 300, delayedChanges: 200)
        )
        static let all = [oneLoop, twoLoops, cluster, deafCluster]

        var losesChanges: Bool { faults.lostChanges > 0 }
    }

    private struct Place {
        var node: LiveNode?
        var end: BusCable.End
        var users = 0
        var isRetiring = false
    }

    /// Posts of a channel that a user may or may not have got, because he wanted none for a time.
    struct Discarded {
        var messageSeq: Int64
        var eventSeq: Int64
    }

    private struct NoNode: Error {}

    static let users = ["anna", "boris", "chen"]
    static let channels = ["@TOA#_news", "@TOA#_tides", "@TOA#_ferries"].map { ChannelID($0) }

    let kind: Kind
    let devices: [ModelDevice]
    let cable: BusCable
    private let database: any Database
    private let clock = ManualClock()
    private let places: Mutex<[Place]>
    private let starts = Mutex<UInt64>(0)
    let keys = Mutex<[ChannelID: [MessageKey]]>([:])
    let discarded = Mutex<[String: Discarded]>([:])
    /// Online-only posts that came to somebody to whom they were owed.
    let paidDebts = Mutex(0)
    private let texts = Mutex(0)

    init(_ kind: Kind, seed: UInt64, over database: any Database) async throws {
        (self.kind, self.database) = (kind, database)
        devices = Self.users.flatMap { user in
            ["phone", "desk"].map {
                ModelDevice(user: user, name: "\(user)'s \($0)", hearsStrays: kind.losesChanges)
            }
        }
        cable = BusCable(kind.faults, seed: seed)
        let cable = cable
        places = Mutex((0..<kind.nodes).map { _ in Place(end: cable.makeEnd()) })
        for index in 0..<kind.nodes {
            let end = places.withLock { $0[index].end }
            let node = try await start(on: end)
            places.withLock { $0[index].node = node }
        }
    }

    /// A text that no other post has.
    func text(_ beginning: String = "post", padding: Int = 0) -> String {
        let number = texts.withLock { number in
            number += 1
            return number
        }
        return "\(beginning)-\(number) " + String(repeating: "x", count: padding)
    }

    // MARK: - Nodes

    private func start(on end: BusCable.End) async throws -> LiveNode {
        var options = LiveNode.Options()
        (options.loops, options.bus, options.clock) = (kind.loops, end, clock)
        if kind.losesChanges { options.reconciliationInterval = .seconds(1) }
        // Another start draws other numbers.
        options.seed = starts.withLock { starts in
            starts += 1
            return starts * 7919
        }
        let node = try await LiveNode.start(over: database, options)
        node.installation.backend.answer { post in
            post.body["CloudCustomData"]?.text == "drop" ? .verdict(2) : nil
        }
        return node
    }

    /// Uses a node, that is not stopped meanwhile; waits for one when there is none.
    func withNode<Value>(
        _ random: inout SeededGenerator,
        _ body: (LiveNode) async throws -> Value
    ) async throws -> Value {
        var chosen: (Int, LiveNode)?
        let wish = Int.random(in: 0..<kind.nodes, using: &random)
        try await waitUntil("a node is there") {
            chosen = places.withLock { places in
                for index in [wish, 0, places.count - 1] where !places[index].isRetiring {
                    guard let node = places[index].node else { continue }
                    places[index].users += 1
                    return (index, node)
                }
                return nil
            }
            return chosen != nil
        }
        guard let (index, node) = chosen else { throw NoNode() }
        defer { places.withLock { $0[index].users -= 1 } }
        return try await body(node)
    }

    /// Stops a node and starts another in its place.
    func restart(_ random: inout SeededGenerator) async throws {
        let index = Int.random(in: 0..<kind.nodes, using: &random)
        places.withLock { $0[index].isRetiring = true }
        try await waitUntil("nobody uses the node") { places.withLock { $0[index].users == 0 } }
        let (old, end) = places.withLock { ($0[index].node, $0[index].end) }
        await old?.stop()
        cable.unplug(end)
        let newEnd = cable.makeEnd()
        let node = try await start(on: newEnd)
        places.withLock { places in
            (places[index].node, places[index].end) = (node, newEnd)
            places[index].isRetiring = false
        }
    }

    func stop() async {
        for node in places.withLock({ $0.compactMap(\.node) }) { await node.stop() }
    }

    // MARK: - What the storage has

    /// How a channel stands for a user.
    private struct Truth {
        let epoch: String
        let joinedSeq: Int64
        /// The beginnings of the texts of his history.
        var history: [Int64: String] = [:]
        /// The `EventSeq` of each recall.
        var recalls: [Int64: Int64] = [:]
        var name = ""
        let discards: Bool
    }

    private func truth(of user: String) async throws -> [String: Truth] {
        var random = SeededGenerator(seed: 1)
        return try await withNode(&random) { node in
            let call = try await node.installation.call(as: UserID(user))
            var truths: [String: Truth] = [:]
            for followed in try await node.systems.timeline.followed(by: UserID(user), of: .example) ?? [] {
                let channel = followed.reference.channel
                let joined = try await database.read { tx throws(ChatError) in
                    let application = SDKAppID.example
                    return try tx.row(
                        """
                        SELECT joined_seq FROM subscriptions WHERE app = \(application.rawValue)
                            AND channel = \(channel.rawValue) AND incarnation = \(followed.reference.incarnation)
                            AND account = \(user)
                        """
                    )?.integer(0) ?? 0
                }
                let recalls = try await database.read { tx throws(ChatError) in
                    try tx.rows(
                        """
                        SELECT seq, recall_event_seq FROM broadcasts WHERE app = \(SDKAppID.example.rawValue)
                            AND channel = \(channel.rawValue) AND incarnation = \(followed.reference.incarnation)
                            AND recall_event_seq IS NOT NULL
                        """
                    ).map { row throws(ChatError) in (try row.integer(0), try row.integer(1)) }
                }
                var truth = Truth(
                    epoch: node.systems.generation.epoch(of: followed.reference.incarnation).description,
                    joinedSeq: joined,
                    discards: followed.discards
                )
                truth.recalls = Dictionary(uniqueKeysWithValues: recalls)
                let found = try await node.systems.channels.find([channel], of: call.application, at: call.time)
                truth.name = found[0]?.profile.name ?? ""
                truth.history = try await history(of: channel, for: call, node)
                truths[channel.rawValue] = truth
            }
            return truths
        }
    }

    private func history(of channel: ChannelID, for call: Call, _ node: LiveNode) async throws -> [Int64: String] {
        var texts: [Int64: String] = [:]
        var last: MessageKey?
        while true {
            let page = try await node.systems.broadcasts.ownHistory(
                of: channel,
                before: last,
                number: 20,
                withRecalled: false,
                for: call
            )
            for broadcast in page.broadcasts {
                guard case .message(let body, _) = broadcast.content else { continue }
                let text = body.elements.first?["MsgContent"]?["Text"]?.text ?? ""
                texts[broadcast.key.seq] = text.beginning
            }
            guard page.broadcasts.count == 20 else { return texts }
            last = page.broadcasts.first?.key
        }
    }

    // MARK: - Judging

    /// What is wrong with what the devices hold now; empty when all is well.
    func differences() async throws -> [String] {
        var differences: [String] = []
        for user in Self.users {
            let truths = try await truth(of: user)
            for device in devices where device.user == user {
                differences += device.state.withLock { judge(device, $0, by: truths) }
            }
        }
        return differences
    }

    private func judge(
        _ device: ModelDevice,
        _ state: ModelDevice.State,
        by truths: [String: Truth]
    ) -> [String] {
        var found: [String] = []
        func note(_ what: String) { found.append("\(device.name): \(what)") }
        if state.client == nil || state.client?.ending != nil { note("is not connected") }
        if !state.isSynced { note("does not know its channels") }
        for channel in Set(truths.keys).symmetricDifference(state.conversations.keys).sorted() {
            note("\(channel) is \(truths[channel] == nil ? "" : "not ")followed, against the storage")
        }
        for (channel, truth) in truths {
            guard let own = state.conversations[channel] else { continue }
            guard own.epoch == truth.epoch else {
                note("\(channel) has epoch \(own.epoch), the storage \(truth.epoch)")
                continue
            }
            if own.isBehind || own.isAsking || own.readings > 0 { note("\(channel) waits for an answer") }
            if own.name != truth.name { note("\(channel) is called \(own.name), and \(truth.name) in the storage") }
            let excused = discarded.withLock { $0["\(device.user) \(channel) \(truth.epoch)"] }
            for (seq, text) in own.messages.sorted(by: { $0.key < $1.key }) where truth.history[seq] != text {
                if let recall = truth.recalls[seq] {
                    if let excused, recall <= excused.eventSeq { continue }
                    note("\(channel) shows \(seq) \(text), recalled by \(recall)")
                } else if seq > truth.joinedSeq {
                    note("\(channel) has \(seq) \(text), and the storage \(truth.history[seq] ?? "nothing")")
                }
            }
            for (seq, text) in truth.history.sorted(by: { $0.key < $1.key }) where own.messages[seq] == nil {
                if truth.discards { continue }
                if let excused, seq <= excused.messageSeq { continue }
                note("\(channel) lacks \(seq) \(text); it stands at \(own.position)")
            }
        }
        return found
    }
}

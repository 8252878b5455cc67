import EventBus

extension Link {
    /// A connection and what it is subscribed to; used on the link's thread only.
    final class Session {
        let connection: NATSConnection
        /// Whether nobody was told yet that it has come up.
        var isNews = false
        private let subjects: Subjects
        private let node: PeerNode
        /// To what every node is subscribed.
        private var common: [NATSSubscription] = []
        private(set) var topics: [Topic: NATSSubscription] = [:]
        private var knownDropped: Int64 = 0

        /// Connects to the first of the servers that answers; blocks until then.
        init(
            to servers: [String],
            _ settings: NATSSettings,
            _ subjects: Subjects,
            of node: PeerNode,
            for receiver: any NATSReceiver
        ) throws(NATSFault) {
            connection = try NATSConnection(to: servers, settings, name: "rostrum \(node.id)", for: receiver)
            (self.subjects, self.node) = (subjects, node)
        }

        /// Subscribes to what every node hears, and to some topics.
        ///
        /// - Returns: whether the server has all of it; without that the session is of no use.
        func subscribe(to wanted: [Topic]) -> Bool {
            let everybodys = [
                connection.subscribe(to: subjects.all, .event),
                connection.subscribe(to: subjects.nodes, .node),
                connection.subscribe(to: subjects.questions, .question),
                connection.subscribe(to: subjects.answers(to: node.id), .answer),
            ]
            common = everybodys.compactMap { $0 }
            for topic in wanted { topics[topic] = connection.subscribe(to: subjects.of(topic), .event) }
            return common.count == everybodys.count && topics.count == wanted.count
                && connection.flush(within: NATSConnection.connectTimeout)
        }

        /// Makes or ends the subscription to a topic, unless it is as it should be.
        func follow(_ topic: Topic, _ isFollowed: Bool) {
            guard isFollowed else { return topics[topic] = nil }
            guard topics[topic] == nil else { return }
            topics[topic] = connection.subscribe(to: subjects.of(topic), .event)
            // Without it the node would hear nothing of the topic, and think that it does.
            if topics[topic] == nil { connection.close() }
        }

        /// Whether messages were dropped since this was asked last.
        func hasDropped() -> Bool {
            let dropped = (common + topics.values).reduce(0) { $0 &+ $1.dropped }
            defer { knownDropped = dropped }
            return dropped != knownDropped
        }
    }
}

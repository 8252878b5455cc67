import Dispatch
package import EventBus
package import Logging
package import Metrics
import Synchronization

/// The bus of several nodes: NATS without its storage, which ours makes needless.
///
/// A node hears its own events at once and not over the network; those of others come on one thread, in the order in
/// which each node published them. It starts and goes on without a server: ``status`` says how it is.
///
/// Servers of a NATS cluster tell each other of subscriptions some time after they have confirmed them. What another
/// node publishes in that time may not come, and is made good like everything else that is lost.
package final class NATSEventBus: EventBus, Peers, Sendable {
    private struct Listeners {
        var events: [@Sendable (Event) -> Void] = []
        var gaps: [@Sendable () -> Void] = []
        var responder: (@Sendable ([UInt8]) -> [UInt8]?)?
        var lineage: (own: @Sendable () -> Int64, heard: @Sendable (Int64) -> Void)?
    }

    /// This node, as others see it.
    package let node: PeerNode
    private let listeners = Mutex(Listeners())
    private let subjects: Subjects
    private let outgoing: Outgoing
    private let link: Link
    private let peers = PeerTable()
    private let metrics: BusMetrics
    private let logger: Logger

    /// A bus that begins to connect; whoever starts it closes it.
    ///
    /// - Parameters:
    ///   - installation: the storage's identity, in letters and digits.
    ///   - node: with an ID in letters and digits that no other start of any node has.
    /// - Throws: when a file that the settings name cannot be used; that no server is there is no reason.
    package static func start(
        _ settings: NATSSettings,
        installation: String,
        node: PeerNode,
        metrics: any MetricsFactory,
        logger: Logger
    ) throws(NATSSettings.Invalid) -> NATSEventBus {
        do throws(NATSFault) {
            try NATSConnection.validate(settings)
        } catch {
            throw NATSSettings.Invalid(description: error.description)
        }
        let bus = NATSEventBus(settings, installation, node, BusMetrics(factory: metrics), logger)
        bus.link.start(for: bus)
        return bus
    }

    private init(
        _ settings: NATSSettings,
        _ installation: String,
        _ node: PeerNode,
        _ metrics: BusMetrics,
        _ logger: Logger
    ) {
        (self.node, self.metrics, self.logger) = (node, metrics, logger)
        subjects = Subjects(installation: installation)
        outgoing = Outgoing(Publisher(subjects: subjects, node: node.id), metrics)
        link = Link(settings, subjects, node: node, outgoing, metrics, logger)
    }

    /// Says what is still to be said, and goodbye, as far as a server is there.
    package func close() async {
        outgoing.add(Publication(subject: subjects.nodes, payload: presence(isLeaving: true)))
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "rostrum.bus.close").async { [self] in
                outgoing.stop()
                link.stop()
                continuation.resume()
            }
        }
    }

    /// How it is, for operators.
    package var status: BusStatus { link.status }

    // MARK: Events

    package func publish(_ event: Event) {
        tell(event)
        outgoing.add(event)
    }

    package func listen(_ listener: @escaping @Sendable (Event) -> Void) {
        listeners.withLock { $0.events.append(listener) }
    }

    package func listenForGaps(_ listener: @escaping @Sendable () -> Void) {
        listeners.withLock { $0.gaps.append(listener) }
    }

    package func tellOfGap() {
        hearOfGap()
        outgoing.addGap()
    }

    package func follow(_ topics: [Topic], confirmed: @escaping @Sendable () -> Void) {
        link.follow(topics, confirmed: confirmed)
    }

    package func unfollow(_ topics: [Topic]) {
        link.unfollow(topics)
    }

    private func tell(_ event: Event) {
        for listener in listeners.withLock({ $0.events }) { listener(event) }
    }

    private func hearOfGap() {
        for listener in listeners.withLock({ $0.gaps }) { listener() }
    }

    // MARK: Peers

    package var nodes: [PeerNode] { peers.alive() }

    package func ask(_ question: [UInt8]) async -> [[UInt8]] {
        let nodes = peers.alive()
        guard !nodes.isEmpty, link.isUp else { return [] }
        return await withCheckedContinuation { continuation in
            let number = peers.ask(nodes) { continuation.resume(returning: $0) }
            var frame = Frame(.question, from: node.id)
            frame.add(.content, question)
            let reply = subjects.answer(to: node.id, number)
            outgoing.add(Publication(subject: subjects.questions, reply: reply, payload: frame.bytes))
        }
    }

    package func compareLineages(
        own: @escaping @Sendable () -> Int64,
        heard: @escaping @Sendable (Int64) -> Void
    ) {
        listeners.withLock { $0.lineage = (own, heard) }
        beat()
    }

    package func answer(_ responder: @escaping @Sendable (_ question: [UInt8]) -> [UInt8]?) {
        listeners.withLock { $0.responder = responder }
    }

    private func presence(isLeaving: Bool) -> [UInt8] {
        var frame = Frame(.node, from: node.id)
        frame.add(.version, node.version)
        if let lineage = listeners.withLock({ $0.lineage })?.own(), lineage > 0 { frame.add(.lineage, lineage) }
        for role in node.roles { frame.add(.role, role) }
        if isLeaving { frame.add(.isLeaving) }
        return frame.bytes
    }
}

extension NATSEventBus: Link.Owner {
    func received(_ kind: NATSMessageKind, _ payload: [UInt8], on subject: String, reply: String?) {
        guard let frame = ReadFrame(payload), let origin = frame.text(.origin) else { return metrics.unreadableOne() }
        // Of an earlier connection of this node: it has heard it.
        guard origin != node.id else { return }
        switch kind {
        case .event: receivedEvent(frame)
        case .node:
            learn(frame)
            let peer = PeerNode(id: origin, version: frame.text(.version) ?? "", roles: frame.texts(.role))
            // Who comes is told at once who is there.
            if peers.hear(peer, isLeaving: frame.has(.isLeaving)) { beat() }
        case .question:
            guard let reply, let question = frame.bytes(.content) else { return metrics.unreadableOne() }
            var answer = Frame(.answer, from: node.id)
            if let content = listeners.withLock({ $0.responder })?(question) { answer.add(.content, content) }
            outgoing.add(Publication(subject: reply, payload: answer.bytes))
        case .answer:
            guard let number = Subjects.question(ofAnswer: subject) else { return }
            peers.hear(answer: frame.bytes(.content), of: origin, to: number)
        }
    }

    /// Takes note of the storage's lineage that another node has seen.
    private func learn(_ frame: ReadFrame) {
        if let lineage = frame.lineage { listeners.withLock { $0.lineage }?.heard(lineage) }
    }

    private func receivedEvent(_ frame: ReadFrame) {
        switch frame.kind {
        case .gap: hearOfGap()
        // Of a later version, which this one has nothing to do with.
        case nil: break
        default:
            guard let event = Event(frame) else { return metrics.unreadableOne() }
            metrics.receivedOne()
            // Before anybody reads from the storage because of the event.
            learn(frame)
            tell(event)
        }
    }

    func ended(connection: UInt) {
        link.ended(connection: connection)
    }

    func dropped() {
        logger.warning("the bus is faster than this node, and messages are dropped")
        link.dropped()
        hearOfGap()
    }

    func missed() {
        hearOfGap()
    }

    func complained(of fault: String) {
        logger.warning("the bus has a complaint", metadata: ["fault": .string(fault)])
    }

    func cameUp() {
        hearOfGap()
    }

    func beat() {
        outgoing.add(Publication(subject: subjects.nodes, payload: presence(isLeaving: false)))
        metrics.knows(peers.alive().count)
    }
}

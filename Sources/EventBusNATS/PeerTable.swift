import Dispatch
package import EventBus
import Synchronization

/// The other nodes, and the questions to them that are under way.
package final class PeerTable: Sendable {
    /// For how long a node that says nothing is still believed to be there.
    static let longestSilence = Duration.seconds(7)
    /// How long an answer may take.
    static let longestAnswer = Duration.milliseconds(500)

    private struct Question {
        var missing: Set<String>
        var answers: [[UInt8]] = []
        let done: @Sendable ([[UInt8]]) -> Void
    }

    private struct State {
        var nodes: [String: (node: PeerNode, heardAt: ContinuousClock.Instant)] = [:]
        var questions: [UInt64: Question] = [:]
        var last: UInt64 = 0

        /// Nobody waits for the node any more.
        ///
        /// - Returns: the questions that are answered by that.
        mutating func excuse(_ node: String) -> [Question] {
            for number in questions.keys { questions[number]?.missing.remove(node) }
            let answered = questions.filter { $0.value.missing.isEmpty }
            for number in answered.keys { questions[number] = nil }
            return Array(answered.values)
        }
    }

    private let state = Mutex(State())
    private let schedule: @Sendable (Duration, @escaping @Sendable () -> Void) -> Void

    /// - Parameter schedule: calls a function once, after a time.
    package init(schedule: @escaping @Sendable (Duration, @escaping @Sendable () -> Void) -> Void = PeerTable.dispatch)
    {
        self.schedule = schedule
    }

    @Sendable package static func dispatch(after delay: Duration, _ body: @escaping @Sendable () -> Void) {
        DispatchQueue.global().asyncAfter(deadline: .now() + delay / .seconds(1), execute: body)
    }

    /// - Returns: whether it is new.
    package func hear(_ node: PeerNode, isLeaving: Bool, at now: ContinuousClock.Instant = .now) -> Bool {
        let (isNew, answered): (Bool, [Question]) = state.withLock { state in
            guard isLeaving else { return (state.nodes.updateValue((node, now), forKey: node.id) == nil, []) }
            state.nodes[node.id] = nil
            return (false, state.excuse(node.id))
        }
        for question in answered { question.done(question.answers) }
        return isNew
    }

    /// The nodes that were heard of lately.
    func alive(at now: ContinuousClock.Instant = .now) -> [PeerNode] {
        state.withLock { state in
            state.nodes = state.nodes.filter { now - $0.value.heardAt <= Self.longestSilence }
            return state.nodes.values.map(\.node)
        }
    }

    /// Begins a question to some nodes: `done` is called once, with the answers that came in time.
    ///
    /// - Returns: its number.
    package func ask(_ nodes: [PeerNode], done: @escaping @Sendable ([[UInt8]]) -> Void) -> UInt64 {
        let number = state.withLock { state in
            state.last += 1
            state.questions[state.last] = Question(missing: Set(nodes.map(\.id)), done: done)
            return state.last
        }
        schedule(Self.longestAnswer) { [self] in
            let question = state.withLock { $0.questions.removeValue(forKey: number) }
            if let question { question.done(question.answers) }
        }
        return number
    }

    /// - Parameter content: nil when the node has nothing to say to the question.
    package func hear(answer content: [UInt8]?, of node: String, to number: UInt64) {
        let answered = state.withLock { state -> Question? in
            guard state.questions[number]?.missing.remove(node) != nil else { return nil }
            if let content { state.questions[number]?.answers.append(content) }
            guard state.questions[number]?.missing.isEmpty == true else { return nil }
            return state.questions.removeValue(forKey: number)
        }
        if let answered { answered.done(answered.answers) }
    }
}

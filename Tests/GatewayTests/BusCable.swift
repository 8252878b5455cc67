import EventBus
import RostrumTesting
import Synchronization

/// Connects the buses of several nodes, and treats what it carries as badly as a network may.
///
/// A node hears its own events in order and at once. Events of channels that go to others may be lost, come late or come
/// twice, changes of subscriptions may be lost or come late; everything else arrives, in order.
final class BusCable: Sendable {
    /// How badly.
    struct Faults: Sendable {
        /// In a thousand.
        var lost = 0
        var doubled = 0
        var delayed = 0
        /// Changes of subscriptions, as often.
        var lostChanges = 0
        var delayedChanges = 0
    }

    private struct State {
        var faults: Faults
        var random: SeededGenerator
        var ends: [End] = []
        /// Events that wait: so many others are let by first.
        var waiting: [(event: Event, to: End, after: Int)] = []
        /// The node whose changes of subscriptions are kept, and what was kept for others.
        var kept: (from: End, deliveries: [(event: Event, to: End)])?
    }

    private let state: Mutex<State>

    init(_ faults: Faults, seed: UInt64) {
        state = Mutex(State(faults: faults, random: SeededGenerator(seed: seed)))
    }

    /// A node's bus; the node is there until it is unplugged.
    func makeEnd() -> End {
        let end = End(self)
        state.withLock { $0.ends.append(end) }
        return end
    }

    func unplug(_ end: End) {
        state.withLock { state in
            state.ends.removeAll { $0 === end }
            state.waiting.removeAll { $0.to === end }
        }
    }

    /// Keeps the changes of subscriptions that a node tells the others, until ``bringChanges()``.
    func keepChanges(from end: End) {
        state.withLock { $0.kept = (end, $0.kept?.deliveries ?? []) }
    }

    /// What was kept never comes.
    func loseChanges() {
        state.withLock { $0.kept = nil }
    }

    /// Brings what was kept; the listeners have been told when it returns.
    func bringChanges(newestFirst: Bool = false) {
        let kept = state.withLock { state in
            defer { state.kept = nil }
            return state.kept?.deliveries ?? []
        }
        for (event, end) in newestFirst ? kept.reversed() : kept { end.tell(event) }
    }

    /// From now on everything arrives, with what has waited.
    func heal() {
        let late = state.withLock { state in
            defer { state.waiting = [] }
            state.faults = Faults()
            return state.waiting
        }
        for (event, end, _) in late { end.tell(event) }
    }

    /// Whether everything arrives.
    var isReliable: Bool {
        state.withLock { $0.faults.lost == 0 && $0.faults.delayed == 0 }
    }

    fileprivate func carry(_ event: Event, from source: End) {
        let deliveries = state.withLock { state in
            var deliveries: [(Event, End)] = []
            for index in state.waiting.indices { state.waiting[index].after -= 1 }
            for end in state.ends where end !== source {
                let faults: (lost: Int, delayed: Int, doubled: Int)
                switch event {
                case .channel: faults = (state.faults.lost, state.faults.delayed, state.faults.doubled)
                case .subscriptions where state.kept?.from === source:
                    state.kept?.deliveries.append((event, end))
                    continue
                case .subscriptions: faults = (state.faults.lostChanges, state.faults.delayedChanges, 0)
                default: faults = (0, 0, 0)
                }
                if Int.random(in: 0..<1000, using: &state.random) < faults.lost { continue }
                if Int.random(in: 0..<1000, using: &state.random) < faults.delayed {
                    state.waiting.append((event, end, Int.random(in: 1...8, using: &state.random)))
                } else {
                    deliveries.append((event, end))
                }
                if Int.random(in: 0..<1000, using: &state.random) < faults.doubled { deliveries.append((event, end)) }
            }
            deliveries += state.waiting.filter { $0.after <= 0 }.map { ($0.event, $0.to) }
            state.waiting.removeAll { $0.after <= 0 }
            return deliveries
        }
        for (event, end) in deliveries { end.tell(event) }
    }

    /// The bus of one node.
    final class End: CompleteEventBus {
        private let cable: BusCable
        private let listeners = Mutex<[@Sendable (Event) -> Void]>([])

        fileprivate init(_ cable: BusCable) { self.cable = cable }

        func publish(_ event: Event) {
            tell(event)
            cable.carry(event, from: self)
        }

        func listen(_ listener: @escaping @Sendable (Event) -> Void) {
            listeners.withLock { $0.append(listener) }
        }

        fileprivate func tell(_ event: Event) {
            for listener in listeners.withLock({ $0 }) { listener(event) }
        }
    }
}

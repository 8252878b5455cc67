import EventBus
import RostrumTesting
import Synchronization

/// Connects the buses of several nodes, and treats what it carries as badly as a network may.
///
/// A node hears its own events in order and at once. Events of channels that go to others may be lost, come late or come
/// twice; everything else arrives, in order.
final class BusCable: Sendable {
    /// How badly.
    struct Faults: Sendable {
        /// In a thousand.
        var lost = 0
        var doubled = 0
        var delayed = 0
    }

    private struct State {
        var faults: Faults
        var random: SeededGenerator
        var ends: [End] = []
        /// Events that wait: so many others are let by first.
        var waiting: [(event: Event, to: End, after: Int)] = []
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
                guard case .channel = event else {
                    deliveries.append((event, end))
                    continue
                }
                let faults = state.faults
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

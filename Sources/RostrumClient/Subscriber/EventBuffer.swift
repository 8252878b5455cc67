import NIOCore
import Synchronization

/// Carries events from the connection to the consumer, and holds the connection up when the consumer is slow.
///
/// One side reads the socket, the other is the consumer. What the consumer has taken is remembered only when it asks for
/// more: until then it may be still at it.
final class EventBuffer: Sendable {
    enum Taken: Sendable {
        case delivery(Delivery)
        /// Nil when the session was left.
        case finished(SessionEnd?)
        case cancelled
    }

    private struct State {
        var deliveries = CircularBuffer<Delivery>()
        var isFinished = false
        var end: SessionEnd?
        var consumer: CheckedContinuation<Taken, Never>?
        var reader: CheckedContinuation<Void, Never>?
        var callsUnderWay = 0
        /// What came unasked while there was no room: read for the answer of a call.
        var excess = 0
        var unsaved: Delivery.Mark?
        var room: AsyncStream<Void>.Continuation?
    }

    /// Events that wait before the socket is read no further.
    let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var count: Int { state.withLock { $0.deliveries.count } }

    var isFull: Bool { count >= capacity }

    /// Whether so much was read for the answers of calls that not even they are a reason to read on.
    var isOverfull: Bool { state.withLock { isOverfull($0) } }

    private func isOverfull(_ state: State) -> Bool { state.excess >= capacity * 15 }

    /// - Parameter isAsked: whether the session asked for it itself, which it does when there is room, however much comes.
    func append(_ deliveries: [Delivery], isAsked: Bool = false) {
        let waiting = state.withLock { state -> (CheckedContinuation<Taken, Never>, Taken)? in
            guard !state.isFinished else { return nil }
            if !isAsked, state.deliveries.count >= capacity { state.excess += deliveries.count }
            state.deliveries.append(contentsOf: deliveries)
            guard let consumer = state.consumer, let first = state.deliveries.popFirst() else { return nil }
            state.consumer = nil
            return (consumer, .delivery(first))
        }
        waiting?.0.resume(returning: waiting?.1 ?? .cancelled)
    }

    /// What the consumer gets once it has taken everything; the first one counts.
    func finish(_ end: SessionEnd?) {
        let consumer = state.withLock { state -> CheckedContinuation<Taken, Never>? in
            guard !state.isFinished else { return nil }
            (state.isFinished, state.end) = (true, end)
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume(returning: .finished(end))
    }

    // MARK: The reader's side

    /// Tells each time when there is room again; for one task, in place of the one before.
    func roomMade() -> AsyncStream<Void> {
        let (signals, room) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.room = room }
        return signals
    }

    /// Waits until the consumer has made room, or makes a call: between two events he would wait for its answer for ever
    /// if the socket were not read.
    func waitForRoom() async {
        await withTaskCancellationHandler {
            while !Task.isCancelled {
                guard state.withLock({ mustWait($0) }) else { return }
                await withCheckedContinuation { continuation in
                    let isLate = state.withLock { state in
                        guard !Task.isCancelled, mustWait(state) else { return true }
                        state.reader = continuation
                        return false
                    }
                    if isLate { continuation.resume() }
                }
            }
        } onCancel: {
            wakeReader()
        }
    }

    private func mustWait(_ state: State) -> Bool {
        state.deliveries.count >= capacity && (state.callsUnderWay == 0 || isOverfull(state))
    }

    func callBegan() {
        state.withLock { $0.callsUnderWay += 1 }
        wakeReader()
    }

    func callEnded() {
        state.withLock { $0.callsUnderWay -= 1 }
    }

    private func wakeReader() {
        let reader = state.withLock { state in
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    // MARK: The consumer's side

    /// What the last event that was taken leaves to be remembered; given out once.
    func takeUnsaved() -> Delivery.Mark? {
        state.withLock { state in
            defer { state.unsaved = nil }
            return state.unsaved
        }
    }

    /// Waits for what comes next.
    func next() async -> Taken {
        let taken = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let taken = state.withLock { state -> Taken? in
                    guard !Task.isCancelled, state.consumer == nil else { return .cancelled }
                    if let delivery = state.deliveries.popFirst() {
                        state.excess = max(0, state.excess - 1)
                        if state.deliveries.count == capacity - 1 { state.room?.yield() }
                        return .delivery(delivery)
                    }
                    guard !state.isFinished else { return .finished(state.end) }
                    state.consumer = continuation
                    return nil
                }
                if let taken { continuation.resume(returning: taken) }
            }
        } onCancel: {
            let consumer = state.withLock { state in
                defer { state.consumer = nil }
                return state.consumer
            }
            consumer?.resume(returning: .cancelled)
        }
        if case .delivery(let delivery) = taken {
            state.withLock { $0.unsaved = delivery.mark }
            wakeReader()
        }
        return taken
    }
}

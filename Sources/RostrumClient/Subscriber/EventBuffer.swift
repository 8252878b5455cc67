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
        var unsaved: Delivery.Mark?
    }

    /// Events that wait before the socket is read no further.
    let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var count: Int { state.withLock { $0.deliveries.count } }

    /// Whether so much waits that not even a call's answer is a reason to read on.
    var isOverfull: Bool { count >= capacity * 16 }

    func append(_ deliveries: [Delivery]) {
        let waiting = state.withLock { state -> (CheckedContinuation<Taken, Never>, Taken)? in
            guard !state.isFinished else { return nil }
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

    /// Waits until the consumer has made room.
    ///
    /// - Parameter evenForCalls: false to return as well while a call waits for its answer. A consumer that makes a call
    ///   between two events would wait for ever if the socket were not read.
    func waitForRoom(evenForCalls: Bool) async {
        await withTaskCancellationHandler {
            while !Task.isCancelled {
                let mustWait = state.withLock {
                    $0.deliveries.count >= capacity && (evenForCalls || $0.callsUnderWay == 0)
                }
                guard mustWait else { return }
                await withCheckedContinuation { continuation in
                    let isLate = state.withLock { state in
                        guard !Task.isCancelled, state.deliveries.count >= capacity,
                            evenForCalls || state.callsUnderWay == 0
                        else { return true }
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
                    if let delivery = state.deliveries.popFirst() { return .delivery(delivery) }
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

import RostrumClient
import Synchronization

/// A machine whose clock stands, whose dice are counted, and on which nobody waits.
final class Machine: Sendable {
    private struct State {
        var seconds: Int64 = 1_767_225_600
        var rolled: UInt64 = 0
        var pauses: [Duration] = []
    }

    private let state = Mutex(State())
    let clock = SteppedClock()

    /// The pauses that were asked for, in their order.
    var pauses: [Duration] { state.withLock { $0.pauses } }

    func advance(seconds: Int64) {
        state.withLock { $0.seconds += seconds }
    }

    var surroundings: Surroundings {
        Surroundings(
            unixSeconds: { self.state.withLock { $0.seconds } },
            random: {
                self.state.withLock { state in
                    state.rolled += 1
                    return state.rolled
                }
            },
            pause: { duration in
                self.state.withLock { $0.pauses.append(duration) }
                try Task.checkCancellation()
            },
            clock: clock
        )
    }
}

/// A clock that stands until it is moved.
final class SteppedClock: Clock {
    struct Instant: InstantProtocol {
        var sinceStart: Duration

        func advanced(by duration: Duration) -> Instant { Instant(sinceStart: sinceStart + duration) }
        func duration(to other: Instant) -> Duration { other.sinceStart - sinceStart }
        static func < (left: Instant, right: Instant) -> Bool { left.sinceStart < right.sinceStart }
    }

    private struct Sleeper {
        let id: UInt64
        let deadline: Instant
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var now = Instant(sinceStart: .zero)
        var lastID: UInt64 = 0
        var sleepers: [Sleeper] = []
    }

    private let state = Mutex(State())

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Duration { .nanoseconds(1) }
    /// How many sleep.
    var sleepers: Int { state.withLock { $0.sleepers.count } }

    func advance(by duration: Duration) {
        let woken = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let now = state.now
            let woken = state.sleepers.filter { $0.deadline <= now }
            state.sleepers.removeAll { $0.deadline <= now }
            return woken
        }
        for sleeper in woken { sleeper.continuation.resume(returning: true) }
    }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let slept = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    guard !Task.isCancelled else { return false }
                    guard deadline > state.now else { return true }
                    state.sleepers.append(Sleeper(id: id, deadline: deadline, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.sleepers.firstIndex { $0.id == id }.map { state.sleepers.remove(at: $0) }
            }
            sleeper?.continuation.resume(returning: false)
        }
        guard slept else { throw CancellationError() }
    }
}

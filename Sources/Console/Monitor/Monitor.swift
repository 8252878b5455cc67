package import Chat
import NIOCore
package import Observability
import Synchronization

/// What this node did lately, for the page that shows it: kept in rings of fixed length, and told to open pages.
///
/// Whoever runs the console calls ``sample(at:)`` once a second. What a second came to is encoded once, however many
/// pages are open.
package final class Monitor: Sendable {
    /// Seconds and minutes that are kept: ten minutes and a day.
    package static let seconds = 600
    package static let minutes = 1440
    /// How many pages may be open at the same time.
    package static let mostReaders = 50
    /// Seconds that a page may be behind before it is dropped.
    static let longestLag = 30

    /// What an open page is sent, and its end.
    struct Reader: Sendable {
        let number: Int
        /// Events as `text/event-stream` has them.
        let events: AsyncStream<ByteBuffer>
        /// Ends when the page is to be let go of, though it may not have read what there is.
        let end: AsyncStream<Void>
    }

    private struct Pipe {
        let events: AsyncStream<ByteBuffer>.Continuation
        let end: AsyncStream<Void>.Continuation
    }

    private struct State {
        var last: MonitorTotals?
        var seconds = Ring<MonitorPoint>(capacity: Monitor.seconds)
        var minutes = Ring<MonitorPoint>(capacity: Monitor.minutes)
        /// The minute that has not ended.
        var current: MonitorPoint?
        var pipes: [Int: Pipe] = [:]
        var given = 0
        var isClosed = false
    }

    private let registry: PrometheusRegistry
    private let state = Mutex(State())

    package init(_ registry: PrometheusRegistry) {
        self.registry = registry
    }

    /// Takes down what happened since the last call, and tells the open pages.
    ///
    /// The first call has nothing to compare with and takes nothing down.
    package func sample(at now: Timestamp) {
        let totals = MonitorTotals(registry)
        state.withLock { state in
            defer { state.last = totals }
            guard let last = state.last else { return }
            let point = totals.since(last, at: now.seconds)
            state.seconds.append(point)
            var events = MonitorEvent.second(point)
            let minute = now.seconds - now.seconds % 60
            if let current = state.current, current.time != minute {
                state.minutes.append(current)
                events += MonitorEvent.minute(current)
                state.current = nil
            }
            state.current = state.current ?? MonitorPoint(time: minute)
            state.current?.add(point)
            Self.tell(ByteBuffer(string: events), &state)
        }
    }

    private static func tell(_ events: ByteBuffer, _ state: inout State) {
        for (number, pipe) in state.pipes {
            guard case .dropped = pipe.events.yield(events) else { continue }
            pipe.end.finish()
            state.pipes[number] = nil
        }
    }

    /// Lets go of every page, and of those that come from now on.
    package func close() {
        let pipes = state.withLock { state in
            defer { state.pipes = [:] }
            state.isClosed = true
            return state.pipes.values
        }
        for pipe in pipes { pipe.end.finish() }
    }

    /// How many pages are open.
    package var readers: Int { state.withLock { $0.pipes.count } }

    /// Whether another page may be opened.
    var hasRoom: Bool { state.withLock { !$0.isClosed && $0.pipes.count < Self.mostReaders } }

    /// - Returns: nil when there is no room.
    func open() -> Reader? {
        let (events, continuation) = AsyncStream.makeStream(
            of: ByteBuffer.self,
            bufferingPolicy: .bufferingOldest(Self.longestLag)
        )
        let (end, ending) = AsyncStream.makeStream(of: Void.self)
        return state.withLock { state in
            guard !state.isClosed, state.pipes.count < Self.mostReaders else { return nil }
            state.given += 1
            state.pipes[state.given] = Pipe(events: continuation, end: ending)
            return Reader(number: state.given, events: events, end: end)
        }
    }

    func leave(_ reader: Reader) {
        state.withLock { $0.pipes[reader.number] = nil }
    }

    /// The last ten minutes by the second, oldest first.
    var lastSeconds: [MonitorPoint] { state.withLock { $0.seconds.all } }

    /// The last day by the minute, oldest first; the minute that has not ended is not in it.
    var lastMinutes: [MonitorPoint] { state.withLock { $0.minutes.all } }
}

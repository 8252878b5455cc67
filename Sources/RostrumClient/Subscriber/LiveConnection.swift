import NIOCore
import NIOWebSocket
import Synchronization

/// One WebSocket connection, as far as it is written to and watched.
final class LiveConnection: Sendable {
    /// How long between two looks at whether the server is still there; it pings as often.
    static let turn: Duration = .seconds(25)

    private struct State {
        /// Turns in which nothing was heard.
        var silentTurns = 0
        /// Whether the socket is left unread on purpose.
        var isPaused = false
        /// The session's own request that has been waiting longest.
        var oldestRequest: Int64?
        var turnsOfOldest = 0
        var fault: String?
        var pace = RequestPace()
    }

    private let channel: any Channel
    private let elapsed: @Sendable () -> Duration
    private let state = Mutex(State())

    init(_ channel: any Channel, _ clock: any Clock<Duration>) {
        (self.channel, elapsed) = (channel, clock.stopwatch())
    }

    /// Why the connection was given up from this side; nil when it was not.
    var fault: String? { state.withLock { $0.fault } }

    /// How long to wait before a call may be sent; when not at all, it counts as sent.
    func claimRequest() -> Duration {
        state.withLock { $0.pace.claim(at: elapsed()) }
    }

    /// Sends a request of the session's own, which calls have to make room for.
    func sendAtOnce(_ request: [UInt8]) {
        state.withLock { $0.pace.count(at: elapsed()) }
        send(request)
    }

    func send(_ text: [UInt8]) {
        write(.text, ByteBuffer(bytes: text))
    }

    func pong(_ payload: ByteBuffer) {
        write(.pong, payload)
    }

    /// Says goodbye; the server closes.
    func close(code: UInt16) {
        write(.connectionClose, ByteBuffer(integer: code))
    }

    /// Something came.
    func heard() {
        state.withLock { $0.silentTurns = 0 }
    }

    func pause(_ isPaused: Bool) {
        state.withLock { state in
            state.isPaused = isPaused
            state.silentTurns = 0
        }
    }

    func waits(forAnswerTo request: Int64?) {
        state.withLock { state in
            guard state.oldestRequest != request else { return }
            (state.oldestRequest, state.turnsOfOldest) = (request, 0)
        }
    }

    /// Gives the connection up when the server has said or answered nothing for two turns.
    ///
    /// Returns when the task is cancelled or the connection was given up.
    func watch(_ clock: any Clock<Duration>) async {
        while true {
            do {
                try await clock.sleep(for: Self.turn)
            } catch {
                return
            }
            let (fault, isPaused) = state.withLock { state in
                guard !state.isPaused else { return (nil as String?, true) }
                state.silentTurns += 1
                if state.oldestRequest != nil { state.turnsOfOldest += 1 }
                if state.silentTurns > 2 { state.fault = "the server is silent" }
                if state.turnsOfOldest > 2 { state.fault = "the server does not answer" }
                return (state.fault, false)
            }
            guard fault == nil else {
                channel.close(promise: nil)
                return
            }
            // Its pings are not read, and it would take us for gone.
            if isPaused { pong(ByteBuffer()) }
        }
    }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        // A write that fails has closed the connection, and the reading side sees that.
        channel.writeAndFlush(frame, promise: nil)
    }
}

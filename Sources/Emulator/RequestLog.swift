package import AdminAPI
package import Chat
package import ChatProtocol
import Observability
import Synchronization

/// The last calls with their bodies, and the faults to put in their way: what the emulator has for the REST API.
package final class RequestLog: CallObserver {
    /// How many calls are kept.
    package static let capacity = 1000
    /// How much of a body is kept, in bytes.
    package static let longestBody = 16_384

    package struct Entry: Sendable {
        /// Of all calls since the start, counted from 1.
        package let number: Int
        package let time: Timestamp
        package let call: AnsweredCall
        /// Whether only the beginning of the body or the reply is there.
        package let isCut: Bool
    }

    private struct Calls {
        var kept = Ring<Entry>(capacity: RequestLog.capacity)
        /// How many calls there have been, those too that are no longer kept.
        var count = 0
    }

    private let calls = Mutex(Calls())
    private let clock: any WallClock
    private let faults: Faults

    package init(clock: any WallClock, faults: Faults) {
        (self.clock, self.faults) = (clock, faults)
    }

    package func fault(for command: String) async -> ChatError? {
        guard let fault = faults.take(for: command) else { return nil }
        if fault.delayMilliseconds > 0 {
            // Cancelled only when the server stops; the call is then answered at once.
            try? await Task.sleep(for: .milliseconds(fault.delayMilliseconds))
        }
        return fault.code.map { code in
            ChatError(code, "Fault asked for at /dev/faults: \(ErrorCode.documented[code] ?? "own code").")
        }
    }

    package func answered(_ call: AnsweredCall) {
        let isCut = max(call.body.count, call.reply.count) > Self.longestBody
        var call = call
        call.body = Array(call.body.prefix(Self.longestBody))
        call.reply = Array(call.reply.prefix(Self.longestBody))
        let now = clock.now
        calls.withLock { calls in
            calls.count += 1
            calls.kept.append(Entry(number: calls.count, time: now, call: call, isCut: isCut))
        }
    }

    package func clear() {
        calls.withLock { $0 = Calls(count: $0.count) }
    }

    /// How many calls there have been since the start.
    package var count: Int { calls.withLock { $0.count } }

    /// The kept call of that `RequestId`.
    package func entry(_ requestID: String) -> Entry? {
        entries.first { $0.call.requestID == requestID }
    }

    /// Oldest first.
    package var entries: [Entry] {
        calls.withLock { $0.kept.all }
    }
}

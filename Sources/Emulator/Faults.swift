import AdminAPI
package import ChatProtocol
import Synchronization

/// Faults that were asked for, put in the way of the next calls of a command.
package final class Faults: Sendable {
    package struct Fault: Sendable, Equatable {
        /// The last part of the command's path.
        package let command: String
        /// What to answer; nil lets the call go on after the delay.
        package let code: ErrorCode?
        /// For so many calls.
        package var times: Int64
        package let delayMilliseconds: Int64
    }

    /// How many may wait.
    package static let most = 1000

    private let waiting = Mutex<[Fault]>([])

    package init() {}

    package func add(_ fault: Fault) {
        waiting.withLock { $0.append(fault) }
    }

    package func clear() {
        waiting.withLock { $0 = [] }
    }

    package var all: [Fault] { waiting.withLock { $0 } }

    /// The first fault that waits for the command, used up by one.
    func take(for command: String) -> Fault? {
        waiting.withLock { waiting in
            guard let position = waiting.firstIndex(where: { $0.command == command }) else { return nil }
            let fault = waiting[position]
            if fault.times > 1 {
                waiting[position].times -= 1
            } else {
                waiting.remove(at: position)
            }
            return fault
        }
    }
}

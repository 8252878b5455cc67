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

    /// Puts a fault in the way of a command, as somebody asked for it.
    ///
    /// - Parameters:
    ///   - command: the command's name, or a path that ends with it.
    ///   - code: nil lets the calls go on after the delay.
    ///   - names: those of all commands.
    /// - Throws: 60002 for a fault that cannot be asked for.
    package func add(
        _ command: String,
        code: Int64?,
        times: Int64,
        delayMilliseconds: Int64,
        among names: Set<String>
    ) throws(ChatError) -> Fault {
        let command = String(command.split(separator: "/").last ?? "")
        guard names.contains(command) else { throw .notAFault("There is no command of that name.") }
        let code = code.map { ErrorCode(rawValue: Int(exactly: $0) ?? -1) }
        if let code, ErrorCode.documented[code] == nil, !ErrorCode.webhookCodes.contains(code.rawValue) {
            throw .notAFault("code must be a documented ErrorCode, or one of 120001 to 130000.")
        }
        guard (1...1_000_000).contains(times), (0...600_000).contains(delayMilliseconds) else {
            throw .notAFault("times must be 1 to 1000000 and delayMs 0 to 600000, both whole numbers.")
        }
        let fault = Fault(command: command, code: code, times: times, delayMilliseconds: delayMilliseconds)
        let isAdded = waiting.withLock { waiting in
            guard waiting.count < Self.most else { return false }
            waiting.append(fault)
            return true
        }
        guard isAdded else {
            throw .notAFault("\(Self.most) faults wait already; clear them first, as POST /dev/reset does.")
        }
        return fault
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

extension ChatError {
    fileprivate static func notAFault(_ info: String) -> ChatError { ChatError(.httpParsingFailed, info) }
}

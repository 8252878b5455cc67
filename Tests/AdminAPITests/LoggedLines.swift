import Logging
import Observability
import Synchronization

/// Collects what the API logs, as it would stand in a log file.
final class LoggedLines: Sendable {
    private let lines = Mutex<[String]>([])

    /// Without their newline, in the order in which they were written.
    var all: [String] { lines.withLock { $0 } }

    var logger: Logger {
        let output = LogOutput { line in
            self.lines.withLock { $0.append(String(decoding: line.dropLast(), as: UTF8.self)) }
        }
        return Logger(label: "rostrum") { label in
            StreamLog(
                label: label,
                format: .text,
                level: .trace,
                output: output,
                millisecondsSinceEpoch: { 1_767_225_600_000 }
            )
        }
    }
}

import ChatProtocol
import Metrics

/// Counts and times the calls, by command and code.
struct CommandMetrics: Sendable {
    private struct Handles {
        let succeeded: Counter
        let duration: Timer
    }

    private let handles: [String: Handles]
    private let factory: any MetricsFactory

    init(commands: [String], factory: any MetricsFactory) {
        self.factory = factory
        handles = Dictionary(
            uniqueKeysWithValues: (commands + [Self.unknown]).map { command in
                let duration = Timer(
                    label: "rostrum_request_duration",
                    dimensions: [("command", command)],
                    factory: factory
                )
                return (command, Handles(succeeded: Self.counter(command, .ok, factory), duration: duration))
            }
        )
    }

    /// What a call that names no command is counted under; the path itself is the caller's and has no bound.
    static let unknown = "unknown"

    func record(_ command: String?, _ code: ErrorCode, took duration: Duration) {
        let command = command ?? Self.unknown
        guard let handles = handles[command] else { return }
        if code == .ok {
            handles.succeeded.increment()
        } else {
            Self.counter(command, code, factory).increment()
        }
        handles.duration.record(duration: duration)
    }

    private static func counter(_ command: String, _ code: ErrorCode, _ factory: any MetricsFactory) -> Counter {
        Counter(
            label: "rostrum_requests",
            dimensions: [("command", command), ("code", code.metricLabel)],
            factory: factory
        )
    }
}

import ChatProtocol
import Metrics

/// Counts and times the attempts at webhooks that this node makes, those before an operation and those after it.
///
/// A test event from an operator is neither, and is not counted.
struct WebhookCounters: Sendable {
    private struct Kind: Sendable {
        let delivered: Counter
        let failed: Counter
        let duration: Timer

        init(_ kind: String, _ metrics: any MetricsFactory) {
            func counter(_ result: String) -> Counter {
                let dimensions = [("kind", kind), ("result", result)]
                return Counter(label: "rostrum_webhook_attempts", dimensions: dimensions, factory: metrics)
            }
            (delivered, failed) = (counter("delivered"), counter("failed"))
            duration = Timer(label: "rostrum_webhook_duration", dimensions: [("kind", kind)], factory: metrics)
        }
    }

    private let before: Kind
    private let after: Kind

    init(_ metrics: any MetricsFactory) {
        (before, after) = (Kind("before", metrics), Kind("after", metrics))
    }

    /// One that the end of the server cut short tells nothing of the backend.
    func count(_ attempt: WebhookAttempt) {
        guard attempt.outcome != .cancelled, let command = WebhookCommand(rawValue: attempt.command) else { return }
        let kind = command.isBefore ? before : after
        (attempt.isDelivered ? kind.delivered : kind.failed).increment()
        kind.duration.record(duration: attempt.latency)
    }
}

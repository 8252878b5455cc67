import Chat
import Metrics

/// Counts and times the attempts at "after" webhooks.
struct DeliveryMetrics: Sendable {
    private let delivered: Counter
    private let failed: Counter
    private let dead: Counter
    private let duration: Timer

    init(factory: any MetricsFactory) {
        let label = "rostrum_webhook_attempts"
        delivered = Counter(label: label, dimensions: [("result", "delivered")], factory: factory)
        failed = Counter(label: label, dimensions: [("result", "failed")], factory: factory)
        dead = Counter(label: "rostrum_webhook_dead_letters", factory: factory)
        duration = Timer(label: "rostrum_webhook_duration", factory: factory)
    }

    func record(_ attempt: WebhookAttempt) {
        (attempt.isDelivered ? delivered : failed).increment()
        duration.record(duration: attempt.latency)
    }

    func recordDeadLetter() {
        dead.increment()
    }
}

import ChatProtocol
import Metrics
import Synchronization
import WebSockets

/// Counts and times what live connections do.
final class GatewayMetrics: Sendable {
    private let open: [ClientPlatform: Gauge]
    private let counts = Mutex<[ClientPlatform: Int]>([:])
    private let written: Counter
    private let lagging: Counter
    private let deliveryTime: Timer
    private let factory: any MetricsFactory

    init(factory: any MetricsFactory) {
        self.factory = factory
        open = Dictionary(
            uniqueKeysWithValues: ClientPlatform.allCases.map { platform in
                let dimensions = [("platform", platform.rawValue)]
                return (platform, Gauge(label: "rostrum_sessions", dimensions: dimensions, factory: factory))
            }
        )
        let label = "rostrum_deliveries"
        written = Counter(label: label, dimensions: [("result", "written")], factory: factory)
        lagging = Counter(label: label, dimensions: [("result", "lagging")], factory: factory)
        deliveryTime = Timer(label: "rostrum_delivery_last_write", factory: factory)
        // There from the start, so that the first ones are an increase.
        logins(.ok).increment(by: 0)
    }

    func opened(_ session: Session) { count(session.platform, 1) }

    func closed(_ session: Session) { count(session.platform, -1) }

    private func count(_ platform: ClientPlatform, _ difference: Int) {
        counts.withLock { counts in
            counts[platform, default: 0] += difference
            open[platform]?.record(counts[platform, default: 0])
        }
    }

    /// An open session came to its end, by whichever side.
    func ended(_ code: WebSocketCloseCode) {
        Counter(
            label: "rostrum_session_ends",
            dimensions: [("code", Self.closeCodes.contains(code) ? String(code.rawValue) : "other")],
            factory: factory
        ).increment()
    }

    /// What this server closes with and what clients close with by themselves; they may use thousands of others.
    private static let closeCodes: Set<WebSocketCloseCode> = [
        .normal, .goingAway, .protocolError, .unsupportedData, .absent, .abnormal, .invalidText, .policyViolation,
        .messageTooBig, .internalError, .tryAgainLater, .unauthorized, .forbidden, .replaced, .tooManyConnections,
    ]

    /// A login was accepted (0) or refused.
    func login(_ code: ErrorCode) {
        logins(code).increment()
    }

    private func logins(_ code: ErrorCode) -> Counter {
        Counter(label: "rostrum_logins", dimensions: [("code", code.metricLabel)], factory: factory)
    }

    /// A method was answered: 0, an `ErrorCode`, or JSON-RPC's own code.
    func answered(_ method: Methods.Name?, _ code: Int64) {
        Counter(
            label: "rostrum_session_requests",
            dimensions: [
                ("method", method?.rawValue ?? "unknown"),
                ("code", ErrorCode(rawValue: Int(clamping: code)).metricLabel),
            ],
            factory: factory
        ).increment()
    }

    /// Frames of a broadcast went out on an event loop.
    func delivered(_ tally: DeliveryTally, afterMilliseconds milliseconds: Int64) {
        written.increment(by: tally.written)
        lagging.increment(by: tally.lagging)
        if tally.written > 0 { deliveryTime.recordMilliseconds(milliseconds) }
    }
}

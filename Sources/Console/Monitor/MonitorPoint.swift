import Observability

/// What happened on this node in a second, or in a minute.
struct MonitorPoint: Sendable, Equatable {
    /// When it began, in seconds since 1970.
    let time: Int64
    /// Live sessions; of a minute the most that there were.
    var connections: Int64 = 0
    /// Broadcasts to subscribers that were taken.
    var posts: Int64 = 0
    /// Broadcasts to live sessions that were written.
    var written: Int64 = 0
    /// Those left out because the client lagged.
    var lagging: Int64 = 0
    /// REST calls by `ErrorCode`.
    var calls: [String: Int64] = [:]
    /// Attempts at webhooks, before operations and after them.
    var delivered: Int64 = 0
    var failed: Int64 = 0
    /// How long these attempts took, in seconds.
    var latency = HistogramReading(bounds: [], counts: [0], sum: 0)
    /// Operations that one durable commit carried.
    var batches = HistogramReading(bounds: [], counts: [0], sum: 0)

    /// The size that one batch in a hundred exceeds; none is smaller than one, which the histogram does not know.
    var highBatch: Double? { batches.quantile(0.99).map { max(1, $0) } }

    /// Adds what happened in a later second of the same minute.
    mutating func add(_ other: MonitorPoint) {
        connections = max(connections, other.connections)
        posts += other.posts
        written += other.written
        lagging += other.lagging
        calls.merge(other.calls, uniquingKeysWith: +)
        delivered += other.delivered
        failed += other.failed
        Self.add(other.latency, to: &latency)
        Self.add(other.batches, to: &batches)
    }

    /// A histogram that is not there before anything was observed takes the bounds of the first one that is.
    private static func add(_ other: HistogramReading, to sum: inout HistogramReading) {
        if sum.bounds.isEmpty { sum = other } else { sum.add(other) }
    }
}

/// What a node's metrics say at a moment: counted from its start.
struct MonitorTotals: Sendable {
    private let connections: Int64
    private let posts: Int64
    private let deliveries: [String: Int64]
    private let calls: [String: Int64]
    private let attempts: [String: Int64]
    private let latency: HistogramReading
    private let batches: HistogramReading

    init(_ registry: PrometheusRegistry) {
        connections = Self.sums(registry.readings(of: "rostrum_sessions"), by: nil)[""] ?? 0
        // One that a webhook dropped reached nobody.
        let broadcasts = registry.readings(of: "rostrum_broadcasts_total").filter { $0.label("kind") != "dropped" }
        posts = Self.sums(broadcasts, by: nil)[""] ?? 0
        calls = Self.sums(registry.readings(of: "rostrum_requests_total"), by: "code")
        deliveries = Self.sums(registry.readings(of: "rostrum_deliveries_total"), by: "result")
        attempts = Self.sums(registry.readings(of: "rostrum_webhook_attempts_total"), by: "result")
        latency = Self.histogram(registry.readings(of: "rostrum_webhook_duration_seconds"))
        batches = Self.histogram(registry.readings(of: "rostrum_commit_batch_size"))
    }

    /// What happened since an earlier moment.
    func since(_ earlier: MonitorTotals, at time: Int64) -> MonitorPoint {
        MonitorPoint(
            time: time,
            connections: connections,
            posts: max(0, posts - earlier.posts),
            written: Self.growth(of: "written", deliveries, earlier.deliveries),
            lagging: Self.growth(of: "lagging", deliveries, earlier.deliveries),
            calls: Dictionary(
                uniqueKeysWithValues: calls.keys.compactMap { code -> (String, Int64)? in
                    let growth = Self.growth(of: code, calls, earlier.calls)
                    return growth > 0 ? (code, growth) : nil
                }
            ),
            delivered: Self.growth(of: "delivered", attempts, earlier.attempts),
            failed: Self.growth(of: "failed", attempts, earlier.attempts),
            latency: latency.since(earlier.latency),
            batches: batches.since(earlier.batches)
        )
    }

    private static func growth(of key: String, _ now: [String: Int64], _ before: [String: Int64]) -> Int64 {
        max(0, (now[key] ?? 0) - (before[key] ?? 0))
    }

    /// - Parameter label: whose values are told apart; nil sums all.
    private static func sums(_ readings: [MetricReading], by label: String?) -> [String: Int64] {
        readings.reduce(into: [:]) { sums, reading in
            guard case .number(let number) = reading.value else { return }
            sums[label.map { reading.label($0) ?? "" } ?? "", default: 0] += Int64(exactly: number.rounded()) ?? 0
        }
    }

    private static func histogram(_ readings: [MetricReading]) -> HistogramReading {
        let histograms = readings.compactMap { reading -> HistogramReading? in
            if case .histogram(let histogram) = reading.value { histogram } else { nil }
        }
        guard var sum = histograms.first else { return HistogramReading(bounds: [], counts: [0], sum: 0) }
        for histogram in histograms.dropFirst() { sum.add(histogram) }
        return sum
    }
}

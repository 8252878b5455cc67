package import Metrics
import Synchronization

/// Keeps the server's metrics and renders them as a Prometheus text exposition (format 0.0.4).
///
/// Hand it to `Counter(label:dimensions:factory:)` and its siblings; nothing is bootstrapped globally. Making a
/// metric takes a lock and a look-up, recording into one is atomic arithmetic only, so keep the metric where it is
/// recorded often.
///
/// Labels are sanitised (`webhook.sent` becomes `webhook_sent`), counters end in `_total`, timers in `_seconds`. A
/// label in two kinds, or two labels that sanitise to the same samples, would make the exposition invalid: the one
/// that came second is recorded nowhere and named in a comment at the end of the exposition.
package final class PrometheusRegistry: MetricsFactory {
    private struct State {
        var families: [String: MetricFamily] = [:]
        /// The family that owns each name a sample line may start with.
        var owners: [String: String] = [:]
        var refused: Set<String> = []
    }

    /// Bounds for durations, in seconds.
    package static let durationBuckets: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    /// Bounds for counts and sizes.
    package static let sizeBuckets: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

    private let buckets: [String: [Double]]
    private let help: [String: String]
    private let maximumSeriesPerMetric: Int
    private let exposesProcess: Bool
    private let state = Mutex(State())

    /// Creates an empty registry.
    ///
    /// - Parameters:
    ///   - buckets: upper bounds by label, as callers write the label; seconds for timers. Only the lowest 31 finite
    ///     bounds count. A label that is not here gets `durationBuckets` or `sizeBuckets`.
    ///   - help: one sentence by label, as callers write the label.
    ///   - maximumSeriesPerMetric: how many combinations of dimensions one label may have. What comes later shares
    ///     one series whose dimensions all say `other`, so that outside input cannot grow the server's memory.
    ///   - exposesProcess: whether the `process_*` metrics are part of the exposition.
    package init(
        buckets: [String: [Double]] = [:],
        help: [String: String] = [:],
        maximumSeriesPerMetric: Int = 1000,
        exposesProcess: Bool = true
    ) {
        (self.buckets, self.help) = (buckets, help)
        (self.maximumSeriesPerMetric, self.exposesProcess) = (maximumSeriesPerMetric, exposesProcess)
        guard exposesProcess else { return }
        state.withLock { state in
            for name in ProcessMetrics.names { state.owners[name] = name }
        }
    }

    /// Exposes what `read` returns as the gauge `name`, asked anew for every exposition.
    ///
    /// `read` is called without a lock held, on the thread that renders; it must not block. What cannot be said is NaN. A
    /// second call with the same name and dimensions replaces the first.
    package func observe(
        _ name: String,
        dimensions: [(String, String)] = [],
        help: String,
        read: @escaping @Sendable () -> Double
    ) {
        observe(.gauge, MetricName.sanitized(name), dimensions, help, read)
    }

    /// Exposes what `read` returns as a counter, as ``observe(_:dimensions:help:read:)`` does; it must never fall.
    package func observeTotal(_ name: String, help: String, read: @escaping @Sendable () -> Double) {
        observe(.counter, MetricName.sanitized(name, endingIn: "_total"), [], help, read)
    }

    private func observe(
        _ kind: MetricKind,
        _ name: String,
        _ dimensions: [(String, String)],
        _ help: String,
        _ read: @escaping @Sendable () -> Double
    ) {
        let labels = LabelSet(dimensions, reservingBound: false).rendered
        let series = ObservedSeries(identity: SeriesIdentity(family: name, labels: labels), read: read)
        state.withLock { state in
            let source = MetricSource.observed(kind)
            guard state.families[name]?.source == source || Self.claim(name, for: kind, in: &state) else { return }
            let others = state.families[name]?.series ?? [:]
            state.families[name] = MetricFamily(
                name: name,
                source: source,
                help: help,
                series: others.merging([labels: series]) { $1 }
            )
        }
    }

    /// Renders every metric, families and series sorted by name, for `Content-Type: text/plain; version=0.0.4`.
    package func exposition() -> String {
        // Dictionaries are shared copy-on-write: the lock is held for a moment, and callbacks run without it.
        let (families, refused) = state.withLock { (Array($0.families.values), $0.refused) }
        var text = ExpositionText()
        let all = families + (exposesProcess ? ProcessMetrics.families() : [])
        for family in all.sorted(by: { $0.name < $1.name }) {
            family.write(to: &text)
        }
        if !refused.isEmpty {
            text.comment("not exposed, the name belongs to another metric: " + refused.sorted().joined(separator: " "))
        }
        return text.value
    }

    /// What the series of one family have now, in no order; nothing when there is no such family.
    ///
    /// - Parameter name: as exposed: `rostrum_requests_total`.
    package func readings(of name: String) -> [MetricReading] {
        let family = state.withLock { $0.families[name] }
        return family?.all.map { MetricReading(labels: $0.identity.labels, value: $0.value) } ?? []
    }

    /// Finds the series or makes it; one that belongs nowhere if the name is taken.
    private func series<S: Series>(
        _ source: MetricSource,
        _ name: String,
        label: String,
        dimensions: [(String, String)],
        make: (SeriesIdentity, _ bounds: [Double]) -> S
    ) -> S {
        let kind = source.kind
        let labels = LabelSet(dimensions, reservingBound: kind == .histogram)
        return state.withLock { state in
            if state.families[name] == nil, Self.claim(name, for: kind, in: &state) {
                let bounds = kind == .histogram ? bounds(for: name, label: label) : []
                state.families[name] = MetricFamily(name: name, source: source, help: help[label], bounds: bounds)
            }
            if state.families[name]?.source == source,
                let series = state.families[name]?.find(labels, atMost: maximumSeriesPerMetric, make: make)
            {
                return series
            }
            state.refused.insert(name)
            return make(SeriesIdentity(family: name, labels: labels.rendered), [])
        }
    }

    private func bounds(for name: String, label: String) -> [Double] {
        buckets[label] ?? (name.hasSuffix("_seconds") ? Self.durationBuckets : Self.sizeBuckets)
    }

    /// Reserves the sample names of a new family; false, and remembered for the comment, if one is taken.
    private static func claim(_ name: String, for kind: MetricKind, in state: inout State) -> Bool {
        let names = kind.sampleNames(for: name)
        guard names.allSatisfy({ state.owners[$0] == nil }) else {
            state.refused.insert(name)
            return false
        }
        for sample in names { state.owners[sample] = name }
        return true
    }

    private func remove(_ handler: AnyObject) {
        guard let series = handler as? any Series else { return }
        state.withLock { state in
            let (family, labels) = (series.identity.family, series.identity.labels)
            guard let known = state.families[family]?.series[labels], known === series else { return }
            state.families[family]?.series[labels] = nil
        }
    }
}

extension PrometheusRegistry {
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let name = MetricName.sanitized(label, endingIn: "_total")
        return series(.counter, name, label: label, dimensions: dimensions) { identity, _ in CounterSeries(identity) }
    }

    package func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        let name = MetricName.sanitized(label, endingIn: "_total")
        return series(.floatingPointCounter, name, label: label, dimensions: dimensions) { identity, _ in
            FloatingPointCounterSeries(identity)
        }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else { return gauge(label, dimensions) }
        let name = MetricName.sanitized(label)
        return series(.recorder, name, label: label, dimensions: dimensions) { identity, bounds in
            HistogramSeries(identity, bounds: bounds, unit: 1)
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = MetricName.sanitized(label, endingIn: "_seconds")
        return series(.timer, name, label: label, dimensions: dimensions) { identity, bounds in
            HistogramSeries(identity, bounds: bounds, unit: 1e9)
        }
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries {
        let name = MetricName.sanitized(label)
        return series(.gauge, name, label: label, dimensions: dimensions) { identity, _ in GaugeSeries(identity) }
    }

    /// Forgets the series, also for others who made the same metric; what they still record is lost.
    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    /// Forgets the series, see ``destroyCounter(_:)``.
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    /// Forgets the series, see ``destroyCounter(_:)``.
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    /// Forgets the series, see ``destroyCounter(_:)``.
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    /// Forgets the series, see ``destroyCounter(_:)``.
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}

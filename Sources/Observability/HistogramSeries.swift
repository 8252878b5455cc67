import Metrics
import Synchronization

/// Counts observations by size; serves timers and aggregating recorders.
///
/// The buckets are atomics inside the object: an observation is a short scan and two atomic operations. `_count` is
/// the sum of the buckets at the moment of rendering, so it always agrees with the `+Inf` bucket.
final class HistogramSeries: Series, RecorderHandler, TimerHandler {
    static let maximumBounds = 31

    let identity: SeriesIdentity
    /// Bounds as exposed.
    private let bounds: [Double]
    /// Bounds in what is recorded: nanoseconds for a timer, so that comparing is exact.
    private let thresholds: [Double]
    private let unit: Double
    /// One count per bound and one past the last.
    private let counts: InlineArray<32, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let sum = Atomic<Double>(0)

    /// Creates an empty histogram with `bounds` in ascending order; `unit` recorded ones are one exposed one.
    init(_ identity: SeriesIdentity, bounds: [Double], unit: Double) {
        (self.identity, self.unit) = (identity, unit)
        self.bounds = Array(bounds.prefix(Self.maximumBounds))
        // 0.0025 * 1e9 need not be a whole number of nanoseconds in binary, and 2.5 ms must fall under `le="0.0025"`.
        thresholds = self.bounds.map { unit == 1 ? $0 : ($0 * unit).rounded() }
    }

    func record(_ value: Int64) { observe(Double(value)) }
    func record(_ value: Double) { observe(value) }

    /// Records a duration; a clock that went backwards counts as zero.
    func recordNanoseconds(_ duration: Int64) { observe(Double(max(duration, 0))) }

    /// Counts `value` in the first bucket whose bound is not below it, unless it is not finite.
    private func observe(_ value: Double) {
        guard value.isFinite else { return }
        var index = 0
        while index < thresholds.count, value > thresholds[index] { index += 1 }
        counts[index].wrappingAdd(1, ordering: .relaxed)
        sum.add(value)
    }

    var value: MetricReading.Value {
        .histogram(
            HistogramReading(
                bounds: bounds,
                counts: (0...bounds.count).map { counts[$0].load(ordering: .relaxed) },
                sum: sum.load(ordering: .relaxed) / unit
            )
        )
    }

    func write(to text: inout ExpositionText) {
        let (name, labels) = (identity.family, identity.labels)
        let prefix = labels.isEmpty ? "" : labels + ","
        var total: UInt64 = 0
        for index in 0...bounds.count {
            total &+= counts[index].load(ordering: .relaxed)
            let bound = index < bounds.count ? ExpositionText.number(bounds[index]) : "+Inf"
            text.sample(name + "_bucket", labels: prefix + "le=\"\(bound)\"", value: total)
        }
        text.sample(name + "_sum", labels: labels, value: sum.load(ordering: .relaxed) / unit)
        text.sample(name + "_count", labels: labels, value: total)
    }
}

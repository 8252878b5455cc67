import Metrics
import Synchronization

/// A counter of whole things; an increment is one atomic addition.
final class CounterSeries: Series, CounterHandler {
    let identity: SeriesIdentity
    private let count = Atomic<UInt64>(0)

    init(_ identity: SeriesIdentity) { self.identity = identity }

    /// Adds `amount`; a negative one is ignored, since a counter that falls reads as a restart of the process.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        count.wrappingAdd(amount.magnitude, ordering: .relaxed)
    }

    func reset() { count.store(0, ordering: .relaxed) }

    var value: MetricReading.Value { .number(Double(count.load(ordering: .relaxed))) }

    func write(to text: inout ExpositionText) {
        text.sample(identity.family, labels: identity.labels, value: count.load(ordering: .relaxed))
    }
}

/// A counter of fractions, such as seconds spent.
final class FloatingPointCounterSeries: Series, FloatingPointCounterHandler {
    let identity: SeriesIdentity
    private let amount = Atomic<Double>(0)

    init(_ identity: SeriesIdentity) { self.identity = identity }

    /// Adds `amount` unless it is negative or not finite.
    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        self.amount.add(amount)
    }

    func reset() { amount.store(0, ordering: .relaxed) }

    var value: MetricReading.Value { .number(amount.load(ordering: .relaxed)) }

    func write(to text: inout ExpositionText) {
        text.sample(identity.family, labels: identity.labels, value: amount.load(ordering: .relaxed))
    }
}

/// A value that goes up and down: a `Gauge`, a `Meter`, or a `Recorder` that does not aggregate.
final class GaugeSeries: Series, RecorderHandler, MeterHandler {
    let identity: SeriesIdentity
    private let level = Atomic<Double>(0)

    init(_ identity: SeriesIdentity) { self.identity = identity }

    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { level.store(value, ordering: .relaxed) }

    /// Adds `amount` unless it is not finite, which the value would never recover from.
    func increment(by amount: Double) {
        guard amount.isFinite else { return }
        level.add(amount)
    }

    func decrement(by amount: Double) { increment(by: -amount) }

    var value: MetricReading.Value { .number(level.load(ordering: .relaxed)) }

    func write(to text: inout ExpositionText) {
        text.sample(identity.family, labels: identity.labels, value: level.load(ordering: .relaxed))
    }
}

/// A gauge whose value is asked for when it is rendered.
final class ObservedSeries: Series {
    let identity: SeriesIdentity
    private let read: @Sendable () -> Double

    init(identity: SeriesIdentity, read: @escaping @Sendable () -> Double) {
        (self.identity, self.read) = (identity, read)
    }

    var value: MetricReading.Value { .number(read()) }

    func write(to text: inout ExpositionText) {
        text.sample(identity.family, labels: identity.labels, value: read())
    }
}

extension Atomic<Double> {
    /// Adds without a lock; there is no atomic floating-point addition, so it retries until nobody came between.
    func add(_ amount: Double) {
        var current = load(ordering: .relaxed)
        while true {
            let (exchanged, original) = weakCompareExchange(
                expected: current,
                desired: current + amount,
                ordering: .relaxed
            )
            if exchanged { return }
            current = original
        }
    }
}

/// What a family is to Prometheus.
enum MetricKind: String {
    case counter, gauge, histogram

    /// The names that sample lines of such a family start with; no other family may use them.
    func sampleNames(for name: String) -> [String] {
        switch self {
        case .counter, .gauge: [name]
        case .histogram: [name, name + "_bucket", name + "_sum", name + "_count"]
        }
    }
}

/// What records into a family.
///
/// Handlers of two sources never share a series, even where Prometheus sees one kind.
enum MetricSource: Equatable {
    case counter, floatingPointCounter, gauge, recorder, timer
    case observed(MetricKind)

    var kind: MetricKind {
        switch self {
        case .counter, .floatingPointCounter: .counter
        case .gauge: .gauge
        case .recorder, .timer: .histogram
        case .observed(let kind): kind
        }
    }
}

/// Which series a handler records into, so that it can be found again when it is destroyed.
struct SeriesIdentity {
    let family: String
    /// The label pairs as they stand between the braces.
    let labels: String
}

/// One line, or for a histogram one block, of the exposition; the handler that the front end records into.
protocol Series: AnyObject, Sendable {
    var identity: SeriesIdentity { get }

    /// Writes the current value. Recording goes on meanwhile: values read here may be a moment apart.
    func write(to text: inout ExpositionText)

    /// The current value, for who reads it in this process.
    var value: MetricReading.Value { get }
}

/// All series of one name.
struct MetricFamily {
    let name: String
    let source: MetricSource
    let help: String?
    /// Upper bounds of the buckets, the same for every series; empty unless this is a histogram.
    let bounds: [Double]
    var series: [String: any Series]
    /// Takes the samples of all series past the bound; outside `series`, so that it is never removed.
    var overflow: (any Series)?

    init(
        name: String,
        source: MetricSource,
        help: String?,
        bounds: [Double] = [],
        series: [String: any Series] = [:]
    ) {
        (self.name, self.source, self.help, self.series) = (name, source, help, series)
        let finite = Set(bounds.filter(\.isFinite)).sorted()
        self.bounds = Array(finite.prefix(HistogramSeries.maximumBounds))
    }

    /// Finds the series or makes it; past `limit` series, the one that stands for all others.
    mutating func find<S: Series>(
        _ labels: LabelSet,
        atMost limit: Int,
        make: (SeriesIdentity, _ bounds: [Double]) -> S
    ) -> S? {
        if let known = series[labels.rendered] { return known as? S }
        if let overflow, overflow.identity.labels == labels.rendered { return overflow as? S }
        guard series.count >= limit else {
            let made = make(SeriesIdentity(family: name, labels: labels.rendered), bounds)
            series[labels.rendered] = made
            return made
        }
        if let overflow { return overflow as? S }
        // An ordinary series may already say "other" everywhere; a second one would be a duplicate.
        let made = series[labels.overflow] as? S ?? make(SeriesIdentity(family: name, labels: labels.overflow), bounds)
        overflow = made
        return made
    }

    /// Every series, the one for all past the bound among them.
    var all: [any Series] {
        var all = Array(series.values)
        if let overflow, series[overflow.identity.labels] == nil { all.append(overflow) }
        return all
    }

    func write(to text: inout ExpositionText) {
        let all = all
        guard !all.isEmpty else { return }
        text.header(name: name, kind: source.kind, help: help)
        for one in all.sorted(by: { $0.identity.labels < $1.identity.labels }) {
            one.write(to: &text)
        }
    }
}

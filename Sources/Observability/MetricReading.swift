/// What one series has at a moment, for who reads it in this process instead of as text.
package struct MetricReading: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        case number(Double)
        case histogram(HistogramReading)
    }

    /// The label pairs as they stand between the braces.
    let labels: String
    package let value: Value

    /// What a label says, nil when the series has no such label.
    ///
    /// For labels of this server's own whose values have neither commas nor quotes: nothing is unescaped.
    package func label(_ name: String) -> String? {
        for pair in labels.split(separator: ",") where pair.hasPrefix(name + "=\"") && pair.hasSuffix("\"") {
            return String(pair.dropFirst(name.utf8.count + 2).dropLast())
        }
        return nil
    }
}

/// How often what was observed fell between which bounds.
package struct HistogramReading: Sendable, Equatable {
    /// In ascending order; a value equal to a bound is below it.
    package let bounds: [Double]
    /// One count per bound and one for what is beyond the last.
    package private(set) var counts: [UInt64]
    /// The sum of all that was observed, in the unit of the bounds.
    package private(set) var sum: Double

    package init(bounds: [Double], counts: [UInt64], sum: Double) {
        (self.bounds, self.counts, self.sum) = (bounds, counts, sum)
    }

    /// How many were observed.
    package var count: UInt64 { counts.reduce(0, &+) }

    /// The mean of what was observed, nil when nothing was.
    package var mean: Double? { count == 0 ? nil : sum / Double(count) }

    /// The value below which a part of what was observed lies, nil when nothing was observed.
    ///
    /// Between two bounds the values are taken to lie evenly, as `histogram_quantile` of Prometheus has it; beyond the
    /// last bound nothing is known, and the answer is that bound.
    package func quantile(_ part: Double) -> Double? {
        let rank = part * Double(count)
        guard count > 0, !bounds.isEmpty else { return nil }
        var below: UInt64 = 0
        for (index, bound) in bounds.enumerated() {
            let inside = counts[index]
            if inside > 0, Double(below &+ inside) >= rank {
                let lower = index == 0 ? 0 : bounds[index - 1]
                return lower + (bound - lower) * (rank - Double(below)) / Double(inside)
            }
            below &+= inside
        }
        return bounds.last
    }

    /// What was observed since an earlier reading of the same series; all of it when the bounds are others.
    package func since(_ earlier: HistogramReading) -> HistogramReading {
        guard earlier.bounds == bounds else { return self }
        let counts = zip(counts, earlier.counts).map { $0 >= $1 ? $0 - $1 : $0 }
        return HistogramReading(bounds: bounds, counts: counts, sum: max(0, sum - earlier.sum))
    }

    /// Adds what was observed elsewhere, or at another time, under the same bounds; under others it is left out.
    package mutating func add(_ other: HistogramReading) {
        guard other.bounds == bounds else { return }
        for index in counts.indices { counts[index] &+= other.counts[index] }
        sum += other.sum
    }
}

import Metrics
import Observability
import Testing

/// Metrics as values, for who reads them in the same process.
@Suite struct MetricReadingTests {
    @Test("every series of a family is read, under the name that is exposed")
    func families() throws {
        let registry = PrometheusRegistry(exposesProcess: false)
        for (command, code, count) in [("send", "0", 3), ("send", "60008", 2), ("info", "0", 1)] {
            Counter(label: "requests", dimensions: [("command", command), ("code", code)], factory: registry)
                .increment(by: count)
        }
        Gauge(label: "open", dimensions: [("platform", "Web")], factory: registry).record(7)
        registry.observe("lines", help: "") { 4 }

        let readings = registry.readings(of: "requests_total")

        #expect(readings.count == 3)
        let sent = readings.filter { $0.label("command") == "send" && $0.label("code") == "60008" }
        #expect(sent.map(\.value) == [.number(2)])
        #expect(sent.first?.label("platform") == nil)
        #expect(registry.readings(of: "open").map(\.value) == [.number(7)])
        #expect(registry.readings(of: "lines").map(\.value) == [.number(4)])
        #expect(registry.readings(of: "requests").isEmpty)
    }

    @Test("past the bound of series the one for all others is read too")
    func overflow() {
        let registry = PrometheusRegistry(maximumSeriesPerMetric: 2, exposesProcess: false)
        for code in ["1", "2", "3", "4"] {
            Counter(label: "calls", dimensions: [("code", code)], factory: registry).increment()
        }
        let readings = registry.readings(of: "calls_total")
        #expect(Set(readings.map { $0.label("code") ?? "" }) == ["1", "2", "other"])
        #expect(readings.first { $0.label("code") == "other" }?.value == .number(2))
    }

    @Test("of two readings of a histogram what came between is told, with its quantiles")
    func histogram() throws {
        let registry = PrometheusRegistry(buckets: ["sizes": [1, 2, 4]], exposesProcess: false)
        let recorder = Recorder(label: "sizes", factory: registry)
        func read() throws -> HistogramReading {
            guard case .histogram(let reading) = try #require(registry.readings(of: "sizes").first).value else {
                throw NoHistogram()
            }
            return reading
        }
        for size in [1, 1, 100] { recorder.record(size) }
        let before = try read()
        #expect(before.counts == [2, 0, 0, 1] && before.sum == 102)

        for size in [2, 2, 3, 3] { recorder.record(size) }
        var between = try read().since(before)

        #expect(between == HistogramReading(bounds: [1, 2, 4], counts: [0, 2, 2, 0], sum: 10))
        #expect(between.mean == 2.5)
        #expect(between.quantile(0.5) == 2)
        #expect(between.quantile(0.75) == 3)
        between.add(before)
        #expect(between == (try read()))
        #expect(between.quantile(1) == 4, "beyond the last bound nothing is known")
        #expect(HistogramReading(bounds: [1], counts: [0, 0], sum: 0).quantile(0.5) == nil)
    }

    private struct NoHistogram: Error {}
}

import Metrics
import Observability
import Testing

/// What the exposition says about what was recorded.
@Suite struct PrometheusRegistryTests {
    static func registry(
        buckets: [String: [Double]] = [:],
        help: [String: String] = [:],
        maximumSeries: Int = 1000
    ) -> PrometheusRegistry {
        PrometheusRegistry(
            buckets: buckets,
            help: help,
            maximumSeriesPerMetric: maximumSeries,
            exposesProcess: false
        )
    }

    static func lines(_ registry: PrometheusRegistry) -> [String] {
        registry.exposition().split(separator: "\n").map(String.init)
    }

    @Test("one of each kind, in order, byte for byte")
    func golden() {
        let registry = Self.registry(
            buckets: ["http.request": [0.01, 0.1], "page": [1, 10]],
            help: ["webhook.sent": "Deliveries by \\ outcome.\nOne a line.", "http.request": "Time to answer."]
        )
        Timer(label: "http.request", dimensions: [("route", "/v1"), ("code", "200")], factory: registry)
            .recordMilliseconds(10)
        let page = Recorder(label: "page", factory: registry)
        for size in [1, 2, 50] { page.record(size) }
        Counter(label: "webhook.sent", dimensions: [("outcome", "ok")], factory: registry).increment(by: 3)
        Counter(label: "webhook.sent", dimensions: [("outcome", "failed")], factory: registry).increment()
        FloatingPointCounter(label: "busy_seconds", factory: registry).increment(by: 0.25)
        Gauge(label: "depth", factory: registry).record(-1.5)
        let meter = Meter(label: "open", factory: registry)
        meter.set(7)
        meter.increment()
        meter.decrement(by: 3.0)
        registry.observe("queue.length", help: "Waiting.") { 4 }

        #expect(
            registry.exposition() == """
                # TYPE busy_seconds_total counter
                busy_seconds_total 0.25
                # TYPE depth gauge
                depth -1.5
                # HELP http_request_seconds Time to answer.
                # TYPE http_request_seconds histogram
                http_request_seconds_bucket{code="200",route="/v1",le="0.01"} 1
                http_request_seconds_bucket{code="200",route="/v1",le="0.1"} 1
                http_request_seconds_bucket{code="200",route="/v1",le="+Inf"} 1
                http_request_seconds_sum{code="200",route="/v1"} 0.01
                http_request_seconds_count{code="200",route="/v1"} 1
                # TYPE open gauge
                open 5
                # TYPE page histogram
                page_bucket{le="1"} 1
                page_bucket{le="10"} 2
                page_bucket{le="+Inf"} 3
                page_sum 53
                page_count 3
                # HELP queue_length Waiting.
                # TYPE queue_length gauge
                queue_length 4
                # HELP webhook_sent_total Deliveries by \\\\ outcome.\\nOne a line.
                # TYPE webhook_sent_total counter
                webhook_sent_total{outcome="failed"} 1
                webhook_sent_total{outcome="ok"} 3

                """
        )
    }

    @Test("the same label and dimensions, in any order, are the same handler")
    func sameHandler() {
        let registry = Self.registry()
        let first = registry.makeCounter(label: "a", dimensions: [("x", "1"), ("y", "2")])
        #expect(first === registry.makeCounter(label: "a", dimensions: [("y", "2"), ("x", "1")]))
        #expect(first !== registry.makeCounter(label: "a", dimensions: [("x", "1")]))
        #expect(
            registry.makeTimer(label: "t", dimensions: []) === registry.makeTimer(label: "t.seconds", dimensions: [])
        )
    }

    @Test("a bound belongs to its bucket, and nanoseconds are compared exactly")
    func bucketBounds() {
        let registry = Self.registry()
        let timer = Timer(label: "t", factory: registry)
        for bound in PrometheusRegistry.durationBuckets {
            let nanoseconds = Int64((bound * 1e9).rounded())
            timer.recordNanoseconds(nanoseconds)
            timer.recordNanoseconds(nanoseconds + 1)
        }
        timer.recordNanoseconds(-5)
        timer.recordNanoseconds(Int64.max)
        let buckets = Self.lines(registry).filter { $0.hasPrefix("t_seconds_bucket") }
        #expect(buckets.count == 15)
        for (index, line) in buckets.dropLast().enumerated() {
            #expect(line.hasSuffix(" \(2 * index + 2)"), "\(line)")
        }
        #expect(buckets.first == #"t_seconds_bucket{le="0.0005"} 2"#)
        #expect(buckets.last == #"t_seconds_bucket{le="+Inf"} 30"#)
    }

    @Test("bounds are sorted and stripped of what is not finite; values that are not finite are not counted")
    func oddBounds() {
        let registry = Self.registry(buckets: ["r": [5, 1, .infinity, 1, .nan], "none": []])
        let recorder = Recorder(label: "r", factory: registry)
        for value in [0, 1.0, 1.5, .nan, .infinity, -.infinity, 6] { recorder.record(value) }
        Recorder(label: "none", factory: registry).record(1)
        #expect(
            Self.lines(registry).filter { !$0.hasPrefix("#") } == [
                #"none_bucket{le="+Inf"} 1"#, "none_sum 1", "none_count 1",
                #"r_bucket{le="1"} 2"#, #"r_bucket{le="5"} 3"#, #"r_bucket{le="+Inf"} 4"#, "r_sum 8.5", "r_count 4",
            ]
        )
    }

    @Test("more bounds than a histogram holds lose the highest")
    func tooManyBounds() {
        let registry = Self.registry(buckets: ["r": (1...100).map(Double.init)])
        Recorder(label: "r", factory: registry).record(50)
        let buckets = Self.lines(registry).filter { $0.hasPrefix("r_bucket") }
        #expect(buckets.count == 32)
        #expect(buckets.suffix(2) == [#"r_bucket{le="31"} 0"#, #"r_bucket{le="+Inf"} 1"#])
    }

    @Test("counters do not fall, and reset to zero")
    func counters() {
        let registry = Self.registry()
        let counter = Counter(label: "c", factory: registry)
        counter.increment(by: 5)
        counter.increment(by: -2)
        let fraction = FloatingPointCounter(label: "f", factory: registry)
        for amount in [1.5, -1, .nan, .infinity] { fraction.increment(by: amount) }
        #expect(Self.lines(registry).contains("c_total 5"))
        #expect(Self.lines(registry).contains("f_total 1.5"))
        counter.reset()
        fraction.reset()
        #expect(Self.lines(registry).contains("c_total 0"))
        #expect(Self.lines(registry).contains("f_total 0"))
    }

    @Test("a callback is asked at each exposition, without a lock, and may be replaced")
    func observed() {
        let registry = Self.registry()
        registry.observe("x", help: "Old.") { 1 }
        registry.observe("x", help: "New.") {
            Counter(label: "asked", factory: registry).increment()
            return .infinity
        }
        _ = registry.exposition()
        #expect(Self.lines(registry).suffix(4) == ["asked_total 1", "# HELP x New.", "# TYPE x gauge", "x +Inf"])
    }

    @Test("a destroyed series is gone, and a new one starts from zero")
    func destroyed() {
        let registry = Self.registry()
        let counter = Counter(label: "c", factory: registry)
        counter.increment(by: 5)
        counter.destroy()
        #expect(registry.exposition().isEmpty)
        Counter(label: "c", factory: registry).increment()
        counter.destroy()
        #expect(Self.lines(registry).contains("c_total 1"))
    }

    @Test("many tasks lose no increment")
    func concurrency() async {
        let registry = Self.registry(buckets: ["r": [0.5, 1]])
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<16 {
                group.addTask {
                    for round in 0..<2000 {
                        Counter(label: "c", dimensions: [("n", "\(round % 7)")], factory: registry).increment()
                        FloatingPointCounter(label: "f", factory: registry).increment(by: 0.5)
                        Meter(label: "m", factory: registry).increment(by: task.isMultiple(of: 2) ? 1.0 : 2.0)
                        Recorder(label: "r", factory: registry).record(round.isMultiple(of: 2) ? 1 : 2)
                        if round.isMultiple(of: 500) { _ = registry.exposition() }
                    }
                }
            }
        }
        let lines = Self.lines(registry)
        let counts = lines.filter { $0.hasPrefix("c_total{") }.compactMap { Int($0.split(separator: " ")[1]) }
        #expect(counts.count == 7)
        #expect(counts.reduce(0, +) == 32_000)
        #expect(lines.contains("f_total 16000"))
        #expect(lines.contains("m 48000"))
        #expect(lines.contains(#"r_bucket{le="1"} 16000"#))
        #expect(lines.contains("r_count 32000"))
        #expect(lines.contains("r_sum 48000"))
    }
}

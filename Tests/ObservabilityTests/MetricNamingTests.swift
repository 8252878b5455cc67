import Metrics
import Observability
import Testing

/// Names, dimensions and bounds that come from elsewhere leave the exposition valid.
@Suite struct MetricNamingTests {
    private func samples(_ registry: PrometheusRegistry) -> [String] {
        PrometheusRegistryTests.lines(registry).filter { !$0.hasPrefix("#") }
    }

    @Test(
        "metric names are sanitised",
        arguments: [
            ("http.requests", "http_requests_total"),
            ("already_total", "already_total"),
            ("ns:recorded", "ns:recorded_total"),
            ("9lives", "_9lives_total"),
            ("a b\nc{d}\"", "a_b_c_d___total"),
            ("größe", "gr__e_total"),
            ("", "__total"),
        ]
    )
    func names(label: String, name: String) {
        let registry = PrometheusRegistryTests.registry()
        Counter(label: label, factory: registry).increment()
        #expect(samples(registry) == ["\(name) 1"])
    }

    @Test(
        "dimension names and values are sanitised and escaped",
        arguments: [
            (("a.b", "x"), #"a_b="x""#),
            (("a:b", "x"), #"a_b="x""#),
            (("__name__", "x"), #"_name__="x""#),
            (("1st", "x"), #"_1st="x""#),
            (("v", "a\\b\"c\nd"), #"v="a\\b\"c\nd""#),
            (("v", "\"} 1\nforged{x=\""), #"v="\"} 1\nforged{x=\"""#),
            (("v", "ünï\r\n"), "v=\"ünï\r\\n\""),
            (("le", "x"), #"le="x""#),
        ]
    )
    func dimensions(dimension: (String, String), rendered: String) {
        let registry = PrometheusRegistryTests.registry()
        Counter(label: "c", dimensions: [dimension], factory: registry).increment()
        #expect(registry.exposition() == "# TYPE c_total counter\nc_total{\(rendered)} 1\n")
    }

    @Test("of two dimensions with one name the later counts, and a histogram keeps le for itself")
    func collidingDimensions() {
        let registry = PrometheusRegistryTests.registry(buckets: ["r": []])
        Counter(label: "c", dimensions: [("a.b", "1"), ("a_b", "2")], factory: registry).increment()
        Recorder(label: "r", dimensions: [("le", "7")], factory: registry).record(1)
        #expect(
            samples(registry) == [
                #"c_total{a_b="2"} 1"#,
                #"r_bucket{exported_le="7",le="+Inf"} 1"#, #"r_sum{exported_le="7"} 1"#, #"r_count{exported_le="7"} 1"#,
            ]
        )
    }

    @Test("past the bound, samples go to one series that says other")
    func seriesBound() {
        let registry = PrometheusRegistryTests.registry(maximumSeries: 3)
        for user in 0..<100 {
            Counter(label: "c", dimensions: [("user", "\(user)"), ("app", "1")], factory: registry).increment()
        }
        Counter(label: "c", dimensions: [("user", "1"), ("app", "1")], factory: registry).increment()
        Counter(label: "c", dimensions: [("app", "other"), ("user", "other")], factory: registry).increment()
        Counter(label: "c", dimensions: [("stranger", "1")], factory: registry).increment()
        #expect(
            samples(registry) == [
                #"c_total{app="1",user="0"} 1"#, #"c_total{app="1",user="1"} 2"#, #"c_total{app="1",user="2"} 1"#,
                #"c_total{app="other",user="other"} 99"#,
            ]
        )
    }

    @Test("an ordinary series that says other is the one that takes the rest")
    func ordinaryOther() {
        let registry = PrometheusRegistryTests.registry(maximumSeries: 2)
        for value in ["other", "a", "b", "c"] {
            Counter(label: "c", dimensions: [("v", value)], factory: registry).increment()
        }
        #expect(samples(registry) == [#"c_total{v="a"} 1"#, #"c_total{v="other"} 3"#])
    }

    @Test("a name that belongs to another metric is not exposed twice, and the exposition says so")
    func conflicts() {
        let registry = PrometheusRegistryTests.registry(buckets: ["r": []])
        Recorder(label: "r", factory: registry).record(1)
        Gauge(label: "r_sum", factory: registry).record(2)
        Counter(label: "c", factory: registry).increment()
        FloatingPointCounter(label: "c", factory: registry).increment()
        registry.observe("c_total", help: "") { 9 }
        Timer(label: "r", factory: registry).recordNanoseconds(1_000_000_000)
        Recorder(label: "r_seconds", factory: registry).record(1)
        #expect(
            samples(registry).filter { !$0.contains("_bucket") } == [
                "c_total 1", "r_sum 1", "r_count 1", "r_seconds_sum 1", "r_seconds_count 1",
            ]
        )
        #expect(
            PrometheusRegistryTests.lines(registry).last
                == "# not exposed, the name belongs to another metric: c_total r_seconds r_sum"
        )
    }

    @Test("the process metrics are there and plausible")
    func process() throws {
        let registry = PrometheusRegistry()
        Gauge(label: "process_open_fds", factory: registry).record(-1)
        var values: [String: Double] = [:]
        for line in samples(registry) {
            let parts = line.split(separator: " ")
            values[String(parts[0])] = Double(parts[1])
        }
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
        #expect(try #require(values["process_cpu_seconds_total"]) >= 0)
        #expect((3...100_000).contains(try #require(values["process_open_fds"])))
        #expect(try #require(values["process_max_fds"]) >= 3)
        let now = Double(StreamLog.systemTime()) / 1000
        #expect((now - 3600...now + 1).contains(try #require(values["process_start_time_seconds"])))
        #expect(registry.exposition().contains("# TYPE process_cpu_seconds_total counter\n"))
    }
}

import Metrics
import Observability
import Testing

/// Metrics that are asked for when they are rendered.
@Suite struct ObservedMetricTests {
    @Test("one name may have several series, and the later of two that are equal counts")
    func dimensions() {
        let registry = PrometheusRegistryTests.registry()
        registry.observe("depth", dimensions: [("kind", "read")], help: "Deep.") { 1 }
        registry.observe("depth", dimensions: [("kind", "write")], help: "Deep.") { 2 }
        registry.observe("depth", dimensions: [("kind", "read")], help: "Deep.") { 3 }
        #expect(
            registry.exposition() == """
                # HELP depth Deep.
                # TYPE depth gauge
                depth{kind="read"} 3
                depth{kind="write"} 2

                """
        )
    }

    @Test("a total is a counter")
    func total() {
        let registry = PrometheusRegistryTests.registry()
        registry.observeTotal("lapses", help: "Lost.") { 4 }
        #expect(registry.exposition() == "# HELP lapses_total Lost.\n# TYPE lapses_total counter\nlapses_total 4\n")
    }

    @Test("what cannot be said is no number, and a name that is taken is not exposed twice")
    func refused() {
        let registry = PrometheusRegistryTests.registry()
        registry.observe("free", help: "Room.") { .nan }
        Counter(label: "taken", factory: registry).increment()
        registry.observeTotal("taken", help: "") { 9 }
        #expect(PrometheusRegistryTests.lines(registry).filter { !$0.hasPrefix("#") } == ["free NaN", "taken_total 1"])
    }
}

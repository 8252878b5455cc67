import Instrumentation
import RostrumTesting
import Testing
import Traces

/// From the headers of one request to those of another.
@Suite struct W3CPropagatorTests {
    private struct Headers: Extractor, Injector {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }

    private let propagator = W3CPropagator { [UInt8](repeating: 0xCD, count: $0) }

    private func passed(_ headers: [String: String]) -> [String: String] {
        var context = ServiceContext.topLevel
        propagator.extract(headers, into: &context, using: Headers())
        var next: [String: String] = [:]
        propagator.inject(context, into: &next, using: Headers())
        return next
    }

    @Test("a trace goes on, with a span of ours as the parent")
    func goesOn() {
        let parent = ["traceparent": TraceContextTests.parent, "tracestate": "a=1, b=2"]
        #expect(
            passed(parent) == [
                "traceparent": "00-\(TraceContextTests.trace)-cdcdcdcdcdcdcdcd-01", "tracestate": "a=1,b=2",
            ]
        )
    }

    @Test("without a trace that is allowed one begins, and nothing of what was said goes on")
    func begins() {
        let own = ["traceparent": "00-cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd-cdcdcdcdcdcdcdcd-00"]
        #expect(passed([:]) == own)
        #expect(passed(["tracestate": "a=1"]) == own)
        #expect(passed(["traceparent": "00-nonsense", "tracestate": "a=1"]) == own)
    }

    @Test("where there is no trace nothing is said")
    func silent() {
        var headers: [String: String] = [:]
        propagator.inject(.topLevel, into: &headers, using: Headers())
        #expect(headers.isEmpty)
    }
}

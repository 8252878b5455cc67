import Instrumentation
import Logging
import Observability
import Testing
import Traces

/// A line says to which trace it belongs.
@Suite struct TraceLogTests {
    private let trace = TraceContext(traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")

    @Test("within a trace a line has its ids, and outside of it none")
    func ids() {
        let lines = Lines()
        let logger = lines.logger(.text, provider: .trace)
        ServiceContext.withValue(.of(trace)) { logger.info("call", metadata: ["code": "0"]) }
        logger.info("call")
        let time = StreamLogTests.time
        let ids = "span_id=00f067aa0ba902b7 trace_id=4bf92f3577b34da6a3ce929d0e0e4736"
        #expect(lines.all == ["\(time) info  call code=0 \(ids)\n", "\(time) info  call\n"])
    }
}

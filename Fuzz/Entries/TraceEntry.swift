import ChatProtocol
import Traces

extension Entry {
    /// The headers `traceparent` and, behind the first line, `tracestate`.
    static let trace = Entry("trace") { bytes throws(Objection) in
        let lines = bytes.text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let trace = TraceContext(traceparent: lines[0], tracestate: lines.count > 1 ? lines[1] : nil) else {
            return
        }
        try demand(lines[0].contains("-\(trace.traceID)-\(trace.spanID)-"), "\(trace.text) is another trace")
        try demand(TraceContext(text: trace.text) == trace, "\(trace.text) is stored as another")
        try demand(trace.text.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "\(trace.text) is no header")
        try demand(trace.text.utf8.count <= 55 + 1 + TraceState.longest, "a trace is longer than the longest")
        let child = trace.child { Array(repeating: 0, count: $0) }
        try demand(child.traceID == trace.traceID && child.state == trace.state, "\(child.text) left its trace")
        try demand(TraceContext(text: child.text) == child, "\(child.text) is none")
    }
}

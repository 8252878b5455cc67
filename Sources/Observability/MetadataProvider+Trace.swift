import Instrumentation
package import Logging
import Traces

extension Logger.MetadataProvider {
    /// Says of a line to which trace and span it belongs, under the names that OpenTelemetry gives them.
    package static let trace = Logger.MetadataProvider {
        guard let trace = ServiceContext.current?.trace else { return [:] }
        return ["trace_id": .string(trace.traceID), "span_id": .string(trace.spanID)]
    }
}

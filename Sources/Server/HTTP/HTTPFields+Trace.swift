import HTTPTypes
import Instrumentation
import Traces

extension W3CPropagator {
    /// Runs what a request asks for in a span of its trace.
    func inSpan<Result>(of headers: HTTPFields, _ operation: () async -> Result) async -> Result {
        var context = ServiceContext.topLevel
        extract(headers, into: &context, using: FieldExtractor())
        return await ServiceContext.withValue(context) { await operation() }
    }
}

/// Reads a header; several of one name have commas between them, so that no two `traceparent` pass for one.
private struct FieldExtractor: Extractor {
    func extract(key: String, from carrier: HTTPFields) -> String? {
        HTTPField.Name(key).flatMap { carrier[$0] }
    }
}

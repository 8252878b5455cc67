package import Instrumentation

private enum TraceContextKey: ServiceContextKey {
    typealias Value = TraceContext
    static var nameOverride: String? { "trace-context" }
}

extension ServiceContext {
    /// The trace, and the span in it, that what is done belongs to.
    package var trace: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }

    /// A context with nothing else in it.
    package static func of(_ trace: TraceContext?) -> ServiceContext {
        var context = ServiceContext.topLevel
        context.trace = trace
        return context
    }
}

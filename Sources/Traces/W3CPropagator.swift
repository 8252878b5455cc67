package import Instrumentation

/// Takes a trace from the headers of a request, and gives it to those of another.
///
/// Handed to whoever needs it, as all else is; it may also be the instrument of a process.
package struct W3CPropagator: Instrument {
    private let random: @Sendable (_ count: Int) -> [UInt8]

    /// - Parameter random: gives so many random bytes.
    package init(random: @escaping @Sendable (_ count: Int) -> [UInt8]) {
        self.random = random
    }

    /// Begins a span below the one that the carrier names, or a trace when it names none that is allowed.
    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        let parent = extractor.extract(key: "traceparent", from: carrier).flatMap { traceparent in
            TraceContext(
                traceparent: traceparent,
                tracestate: extractor.extract(key: "tracestate", from: carrier)
            )
        }
        context.trace = parent?.child(random) ?? .beginning(random)
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.trace else { return }
        injector.inject(trace.traceparent, forKey: "traceparent", into: &carrier)
        if let state = trace.state { injector.inject(state.text, forKey: "tracestate", into: &carrier) }
    }

    /// A context in which a trace begins, for what nobody outside is to name a trace for.
    package func beginning() -> ServiceContext { ServiceContext.of(.beginning(random)) }
}

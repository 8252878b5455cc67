/// Where something stands among the traces of many systems: what the headers `traceparent` and `tracestate` say.
///
/// Nothing is recorded here. A call gets a span of its own, so that log lines and webhooks can be found by the trace that
/// a caller began.
///
/// Source: W3C Trace Context, level 1, and of level 2 that its flag for random trace ids is passed on.
package struct TraceContext: Sendable, Equatable {
    /// 32 lower-case hexadecimal digits, not all 0.
    package let traceID: String
    /// 16 lower-case hexadecimal digits, not all 0: whoever is called has it as its parent.
    package let spanID: String
    /// Whether a caller records the trace, and whether its id is random; every other bit is 0.
    package let flags: UInt8
    /// What tracing systems say to each other, as it goes on; nil for nothing.
    package let state: TraceState?

    private init(traceID: String, spanID: String, flags: UInt8, state: TraceState?) {
        (self.traceID, self.spanID, self.flags, self.state) = (traceID, spanID, flags, state)
    }

    /// Begins a trace that nobody records.
    ///
    /// - Parameter random: gives so many random bytes.
    package static func beginning(_ random: (_ count: Int) -> [UInt8]) -> TraceContext {
        TraceContext(traceID: identifier(16, random), spanID: identifier(8, random), flags: 0, state: nil)
    }

    /// A span below this one.
    ///
    /// - Parameter random: gives so many random bytes.
    package func child(_ random: (_ count: Int) -> [UInt8]) -> TraceContext {
        TraceContext(traceID: traceID, spanID: Self.identifier(8, random), flags: flags, state: state)
    }

    private static func identifier(_ count: Int, _ random: (Int) -> [UInt8]) -> String {
        var bytes = random(count)
        // All 0 means none.
        if bytes.allSatisfy({ $0 == 0 }) { bytes[count - 1] = 1 }
        return String(decoding: bytes.flatMap { [digit($0 >> 4), digit($0 & 15)] }, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}

extension TraceContext {
    private static let knownFlags: UInt8 = 0b11

    /// Reads headers; a bad `tracestate` is left out.
    ///
    /// - Returns: nil when `traceparent` is none: then a new trace begins.
    package init?(traceparent: String, tracestate: String? = nil) {
        let bytes = Array(traceparent.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash else { return nil }
        let (version, trace, span, flags) = (bytes[0..<2], bytes[3..<35], bytes[36..<52], bytes[53..<55])
        guard [version, trace, span, flags].allSatisfy({ $0.allSatisfy(Self.isDigit) }) else { return nil }
        let zero = UInt8(ascii: "0")
        guard trace.contains(where: { $0 != zero }), span.contains(where: { $0 != zero }) else { return nil }
        switch String(decoding: version, as: UTF8.self) {
        case "ff": return nil
        case "00": guard bytes.count == 55 else { return nil }
        // A later version may say more behind these, and says these as this one does.
        default: guard bytes.count == 55 || bytes[55] == dash else { return nil }
        }
        guard let number = UInt8(String(decoding: flags, as: UTF8.self), radix: 16) else { return nil }
        self.init(
            traceID: String(decoding: trace, as: UTF8.self),
            spanID: String(decoding: span, as: UTF8.self),
            flags: number & Self.knownFlags,
            state: tracestate.flatMap(TraceState.init)
        )
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// The value of the header, in version 00.
    package var traceparent: String { "00-\(traceID)-\(spanID)-0\(flags)" }
}

extension TraceContext {
    /// How it is stored: the value of `traceparent`, and behind a space that of `tracestate`, if there is one.
    package var text: String { state.map { "\(traceparent) \($0.text)" } ?? traceparent }

    /// Reads what was stored.
    package init?(text: String) {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard let traceparent = parts.first else { return nil }
        self.init(traceparent: String(traceparent), tracestate: parts.count > 1 ? String(parts[1]) : nil)
    }
}

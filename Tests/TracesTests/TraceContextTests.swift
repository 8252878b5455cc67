import RostrumTesting
import Testing
import Traces

/// What a header `traceparent` says, and what is refused (W3C Trace Context, section 3.2).
@Suite struct TraceContextTests {
    static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    static let span = "00f067aa0ba902b7"
    static let parent = "00-\(trace)-\(span)-01"

    @Test("a header is read and written as it was")
    func read() throws {
        let context = try #require(TraceContext(traceparent: Self.parent, tracestate: "rojo=00f067aa0ba902b7"))
        #expect(context.traceID == Self.trace)
        #expect(context.spanID == Self.span)
        #expect(context.flags == 1)
        #expect(context.state?.text == "rojo=00f067aa0ba902b7")
        #expect(context.traceparent == Self.parent)
    }

    @Test(
        "a header that is none begins a new trace",
        arguments: [
            "", "00", "00-", "-", "garbage", " \(parent)", "\(parent) ", "\(parent)-", "\(parent)-00", "\(parent)0",
            "\(parent), \(parent)", "\(parent),\(parent)",
            "ff-\(trace)-\(span)-01", "0-\(trace)-\(span)-001", "0x-\(trace)-\(span)-01", "FF-\(trace)-\(span)-01",
            "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-\(span)-01", "00-\(trace)-00F067AA0BA902B7-01",
            "00-\(trace)-\(span)-0", "00-\(trace)-\(span)-0g", "00-\(trace)-\(span)-+1", "00-\(trace)-\(span)- 1",
            "00_\(trace)_\(span)_01", "00-\(trace)\(span)--01", "00-\(trace.dropLast())-\(span)0-01",
            "00-é\(trace.dropFirst(2))-\(span)-01", "00-\(trace)-\(span)-0\0", "01-\(trace)-\(span)-01.x",
            "01-\(trace)-\(span)-011", String(repeating: "0", count: 100_000),
        ]
    )
    func refused(header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }

    @Test(
        "a later version is read as this one, and goes on as this one",
        arguments: ["01-\(trace)-\(span)-01", "cc-\(trace)-\(span)-01-what-will-be", "fe-\(trace)-\(span)-01-"]
    )
    func laterVersion(header: String) throws {
        #expect(try #require(TraceContext(traceparent: header)).traceparent == Self.parent)
    }

    @Test(
        "flags that are not known are not passed on",
        arguments: [("00", "00"), ("03", "03"), ("ff", "03"), ("fc", "00")]
    )
    func flags(said: String, passedOn: String) throws {
        let context = try #require(TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-\(said)"))
        #expect(context.traceparent == "00-\(Self.trace)-\(Self.span)-\(passedOn)")
    }

    @Test("a bad tracestate is left out, and the trace goes on")
    func badState() throws {
        let context = try #require(TraceContext(traceparent: Self.parent, tracestate: "no state"))
        #expect(context.state == nil)
    }

    @Test("a child has the trace and what was said of it, and a span of its own")
    func child() throws {
        let parent = try #require(TraceContext(traceparent: Self.parent, tracestate: "a=1"))
        let child = parent.child { [UInt8](repeating: 0xAB, count: $0) }
        #expect(child.traceparent == "00-\(Self.trace)-abababababababab-01")
        #expect(child.state == parent.state)
    }

    @Test("a trace that begins here is recorded by nobody, and no id is all zero")
    func beginning() {
        let context = TraceContext.beginning { [UInt8](repeating: 0, count: $0) }
        #expect(context.traceparent == "00-00000000000000000000000000000001-0000000000000001-00")
        #expect(TraceContext(traceparent: context.traceparent) == context)
    }

    @Test("what is stored is read again", arguments: [nil, "a=1", "a=1,b=two words,c@d=3"])
    func stored(state: String?) throws {
        let context = try #require(TraceContext(traceparent: Self.parent, tracestate: state))
        #expect(TraceContext(text: context.text) == context)
        #expect(context.text == Self.parent + (state.map { " \($0)" } ?? ""))
    }

    @Test("what is stored and no trace is none", arguments: ["", " ", "x a=1"])
    func storedGarbage(text: String) {
        #expect(TraceContext(text: text) == nil)
    }

    @Test("random bytes never stop the process, and what is read can be written and read again")
    func random() {
        var generator = SeededGenerator(seed: 7)
        let alphabet = Array("0123456789abcdefABCDEF-- \t,=@é".unicodeScalars)
        for _ in 0..<20_000 {
            var scalars = Array(Self.parent.unicodeScalars)
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                let place = Int.random(in: 0..<scalars.count, using: &generator)
                guard let scalar = alphabet.randomElement(using: &generator) else { continue }
                if Bool.random(using: &generator) { scalars[place] = scalar } else { scalars.insert(scalar, at: place) }
            }
            var header = ""
            header.unicodeScalars.append(contentsOf: scalars)
            guard let context = TraceContext(traceparent: header, tracestate: header) else { continue }
            #expect(TraceContext(traceparent: context.traceparent)?.traceID == context.traceID)
        }
    }
}

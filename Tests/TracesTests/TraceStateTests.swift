import Testing
import Traces

/// What a header `tracestate` may hold (W3C Trace Context, section 3.3).
@Suite struct TraceStateTests {
    @Test(
        "members go on in their order, without what is around them",
        arguments: [
            ("rojo=00f067aa0ba902b7", "rojo=00f067aa0ba902b7"),
            ("rojo=1,congo=t61rcWkgMzE", "rojo=1,congo=t61rcWkgMzE"),
            (" a=1 ,\tb=2\t", "a=1,b=2"), ("a=1,,b=2,", "a=1,b=2"), ("a=1, ,b=2", "a=1,b=2"),
            ("fw529a3039@dt=FfAAA", "fw529a3039@dt=FfAAA"), ("0a=1", "0a=1"), ("a_-*/=1", "a_-*/=1"),
            ("a=two words", "a=two words"), ("a= b", "a= b"), ("a=!~", "a=!~"),
        ]
    )
    func allowed(header: String, text: String) {
        #expect(TraceState(header)?.text == text)
    }

    @Test(
        "one bad member drops all",
        arguments: [
            "", " ", ",", "a", "a=", "=1", "a=1,b", "A=1", "_a=1", "@a=1", "a b=1", "a=1=2", "a=é", "a=\u{7F}",
            "a=\u{1F}x",
            "a=1,a=2", "a=1,é=2", "a=\r\nx: y", "a =1", "é=1",
        ]
    )
    func refused(header: String) {
        #expect(TraceState(header) == nil)
    }

    @Test("512 bytes go on, and more do not")
    func longest() {
        func header(_ length: Int) -> String {
            "a=\(String(repeating: "x", count: 253)),b=" + String(repeating: "y", count: length - 258)
        }
        #expect(header(512).utf8.count == 512)
        #expect(TraceState(header(512))?.text == header(512))
        #expect(TraceState(header(513)) == nil)
    }

    @Test("32 members go on, and more do not")
    func most() {
        func header(_ count: Int) -> String { (0..<count).map { "k\($0)=1" }.joined(separator: ",") }
        #expect(TraceState(header(32))?.text == header(32))
        #expect(TraceState(header(33)) == nil)
    }

    @Test("keys and values have their lengths")
    func lengths() {
        let (key, value) = (String(repeating: "k", count: 256), String(repeating: "v", count: 255))
        #expect(TraceState("\(key)=\(value)") != nil)
        #expect(TraceState("\(key)k=1") == nil)
        #expect(TraceState("a=\(value)vv") == nil)
    }
}

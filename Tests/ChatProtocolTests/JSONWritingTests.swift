import ChatProtocol
import RostrumTesting
import Testing

/// What the writer writes, and that the reader gets it back.
@Suite struct JSONWritingTests {
    private func written(_ value: JSONValue) -> String {
        var output: [UInt8] = []
        value.write(to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test(
        "keeps order, numbers and everything but white space",
        arguments: [
            ("null", "null"),
            (" [ true , false ] ", "[true,false]"),
            ("[ ]", "[]"),
            ("{ }", "{}"),
            (#"{"b" : 1.50 , "a" : [ -0, 1E+2 ], "" : {} }"#, #"{"b":1.50,"a":[-0,1E+2],"":{}}"#),
            (#""http:\/\/a/b""#, #""http://a/b""#),
            (#""\u4e2d\u6587 \ud83c\udf89""#, #""中文 🎉""#),
            (#""\u0022\u005C""#, #""\"\\""#),
            (#"{"\u000a":"\u0008\u000c\u000d\u0009"}"#, #"{"\n":"\b\f\r\t"}"#),
            (#""\u0000\u001F\u007f""#, "\"\\u0000\\u001f\u{7F}\""),
        ]
    )
    func writes(text: String, expected: String) throws {
        #expect(written(try JSONValue(parsing: Array(text.utf8))) == expected)
    }

    @Test("escapes every control character so that it is read back")
    func escapesControlCharacters() throws {
        let value = JSONValue.string(String(String.UnicodeScalarView((0..<0x100).compactMap { Unicode.Scalar($0) })))

        let text = Array(written(value).utf8)

        #expect(!text.contains { $0 < 0x20 })
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test("appends")
    func appends() {
        var output = Array("x=".utf8)
        JSONValue.array([.number(JSONNumber(-7)), .string("é")]).write(to: &output)
        #expect(String(decoding: output, as: UTF8.self) == #"x=[-7,"é"]"#)
    }

    @Test("what was read, written and read again is the same", arguments: [1, 2, 3] as [UInt64])
    func roundTrips(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let text = random.document()
            let value = try JSONValue(parsing: text)
            let again = Array(written(value).utf8)
            #expect(try JSONValue(parsing: again) == value, "seed \(seed): \(String(decoding: text, as: UTF8.self))")
        }
    }

    @Test("an indented text that would be too long is none, and no more of it is written than fits")
    func indentingEnds() throws {
        let value = try JSONValue(parsing: Array(#"{"a":[1,"b"],"c":{"d":[{}]}}"#.utf8))
        let text = value.indentedText
        #expect(value.indentedText(atMost: text.utf8.count) == text)
        for most in 0..<text.utf8.count { #expect(value.indentedText(atMost: most) == nil) }

        // Indented it would have some 100 MB.
        let deep =
            String(repeating: "[", count: 95) + String(repeating: "[{}],", count: 500_000) + "[]"
            + String(repeating: "]", count: 95)
        #expect(try JSONValue(parsing: Array(deep.utf8)).indentedText(atMost: 32_768) == nil)
    }
}

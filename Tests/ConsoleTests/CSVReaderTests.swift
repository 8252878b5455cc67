import Console
import RostrumTesting
import Testing

/// CSV as people and spreadsheets write it (RFC 4180).
@Suite struct CSVReaderTests {
    private func read(_ text: String) -> [[String]?] { CSVReader(text).map(\.fields) }

    @Test(
        "records and fields are told apart",
        arguments: [
            ("", []),
            ("\n\r\n\n", []),
            ("a", [["a"]]),
            ("a,b,c", [["a", "b", "c"]]),
            ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
            ("a,b\nc,d\n", [["a", "b"], ["c", "d"]]),
            ("a,,\n,b,", [["a", "", ""], ["", "b", ""]]),
            ("\u{FEFF}a,b", [["a", "b"]]),
            ("a\rb", [["a\rb"]]),
            ("a\r", [["a"]]),
            (#""a""#, [["a"]]),
            (#""a,b",c"#, [["a,b", "c"]]),
            (#""a ""b""",c"#, [[#"a "b""#, "c"]]),
            ("\"a\nb\",c\nd", [["a\nb", "c"], ["d"]]),
            (#""","""#, [["", ""]]),
            (#""","a""#, [["", "a"]]),
            ("日本,🚢", [["日本", "🚢"]]),
        ] as [(String, [[String]])]
    )
    func records(text: String, expected: [[String]]) {
        #expect(read(text) == expected)
    }

    @Test(
        "a quote that stands wrong spoils its record, not the next one",
        arguments: [(#"a"b,c"#, "a quote within"), (#""a"b,c"#, "text after a quote"), (#"a,b" "#, "a late quote")]
    )
    func wrongQuotes(row: String, why: String) {
        #expect(read("x\n\(row)\ny,z") == [["x"], nil, ["y", "z"]], "\(why)")
    }

    @Test("a quote that is not closed takes the rest with it")
    func openQuote() {
        #expect(read("a\n\"b,c\nd\n") == [["a"], nil])
    }

    @Test("each record has the line that it begins in")
    func lines() {
        let records = Array(CSVReader("a\n\n\"b\n\nb\",c\r\nd\"\ne", firstLine: 101))
        #expect(records.map(\.line) == [101, 103, 106, 107])
    }

    @Test("any text is read to its end without a fault", arguments: 0..<200)
    func anyText(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let alphabet = ["a", ",", "\"", "\n", "\r", "\r\n", "é", "\u{0}"]
        let text = (0..<generator.below(60)).map { _ in generator.one(of: alphabet) }.joined()
        var last = 0
        for record in CSVReader(text) {
            #expect(record.line > last || record.fields == nil)
            last = record.line
        }
    }
}

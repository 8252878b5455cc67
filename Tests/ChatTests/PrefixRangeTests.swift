import Testing

import Chat

@Suite struct PrefixRangeTests {
    @Test(
        "a range ends before the first text that no longer begins so",
        arguments: [
            ("a", "b"), ("az", "a{"), ("新", "\u{65B1}"), ("\u{D7FF}", "\u{E000}"), ("a\u{10FFFF}", "b"),
            ("\u{7F}", "\u{80}"), ("", nil), ("\u{10FFFF}", nil),
        ] as [(String, String?)]
    )
    func end(prefix: String, end: String?) {
        let range = PrefixRange(prefix)

        #expect(range.start == prefix)
        #expect(range.end.map { Array($0.utf8) } == end.map { Array($0.utf8) })
    }
}

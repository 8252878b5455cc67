import ChatProtocol
import Testing

/// The spelling of keys, which is exact in both directions.
@Suite struct MessageKeyTests {
    @Test(
        "is spelt and read",
        arguments: [
            (71, 1_767_229_200, "71_1_1767229200"),
            (1, 0, "1_1_0"),
            (10, 100, "10_1_100"),
            (.max, .max, "9223372036854775807_1_9223372036854775807"),
        ] as [(Int64, Int64, String)]
    )
    func spells(seq: Int64, seconds: Int64, text: String) throws {
        let key = MessageKey(seq: seq, seconds: seconds)
        let read = try #require(MessageKey(rawValue: text))

        #expect(key.rawValue == text)
        #expect("\(key)" == text)
        #expect((read.seq, read.seconds) == (seq, seconds))
        #expect(read == key)
        #expect(read.hashValue == key.hashValue)
        #expect(text.utf8.count <= MessageKey.longest)
    }

    @Test(
        "is refused",
        arguments: [
            "", "_", "__", "_1_", "1_1_", "_1_1", "1__1", "1_1", "1_1_1_", "_1_1_1", "1_1_1_1", "1 1 1",
            "0_1_1", "00_1_1", "01_1_1", "1_1_01", "1_1_00", "+1_1_1", "-1_1_1", "1_1_+1", "1_1_-1", "1_01_1",
            "1_2_1", "1_0_1", "1_11_1", " 1_1_1", "1_1_1 ", "1_1_1\n", "1_1_1\0", "1.0_1_1", "1e1_1_1", "0x1_1_1",
            "a_1_1", "1_1_a", "1_a_1", "１_1_1", "1_１_1", "1_1_１", "1_1_1\u{301}", "1_\u{301}1_1", "1_1\u{301}_1",
            "9223372036854775808_1_1", "1_1_9223372036854775808", "99999999999999999999_1_1",
            "1_1_00000000000000000000000000000000000000000000001",
            "1_1_" + String(repeating: "9", count: 47), String(repeating: "1", count: 100_000),
        ]
    )
    func refuses(text: String) {
        #expect(MessageKey(rawValue: text) == nil)
    }

    @Test("differs by number and by time")
    func differs() {
        let keys: Set = [
            MessageKey(seq: 1, seconds: 2), MessageKey(seq: 2, seconds: 1), MessageKey(seq: 1, seconds: 1),
        ]

        #expect(keys.count == 3)
    }
}

import ChatProtocol
import RostrumTesting
import Testing

/// Numbers keep their text and give exact integers.
@Suite struct JSONNumberTests {
    private static let numbers: [(text: String, int64: Int64?, double: Double?)] = [
        ("0", 0, 0),
        ("-0", 0, -0.0),  // y_number_negative_zero
        ("-0.0", 0, -0.0),
        ("0e999999999999999999999", 0, 0),
        ("0.000", 0, 0),
        ("1", 1, 1),
        ("-1", -1, -1),
        ("34.0", 34, 34),
        ("34.000000000000000000000000000000", 34, 34),
        ("1e2", 100, 100),
        ("1E+2", 100, 100),
        ("0.1e1", 1, 1),
        ("0.00000000000000000000000000001e29", 1, 1),
        ("1200e-2", 12, 12),
        ("1200e-3", nil, 1.2),
        ("1.5", nil, 1.5),
        ("-1.5e1", -15, -15),
        ("-0.1", nil, -0.1),
        ("1e-400", nil, 0),
        ("1e18", 1_000_000_000_000_000_000, 1e18),
        ("9e18", 9_000_000_000_000_000_000, 9e18),
        ("1e19", nil, 1e19),
        ("-1e19", nil, -1e19),
        ("1E400", nil, nil),
        ("-1E400", nil, nil),
        ("1e99999999999999999999999999999999", nil, nil),
        ("1e-99999999999999999999999999999999", nil, 0),
        ("1e9223372036854775807", nil, nil),
        ("1e-9223372036854775808", nil, 0),
        ("10e-1", 1, 1),
        ("9223372036854775807", .max, 0x1p63),
        ("9223372036854775807.0", .max, 0x1p63),
        ("922337203685477580.7e1", .max, 0x1p63),
        ("9223372036854775808", nil, 0x1p63),
        ("9223372036854775808.0", nil, 0x1p63),
        ("9223372036854775807.5", nil, 0x1p63),
        ("-9223372036854775808", .min, -0x1p63),
        ("-9223372036854775808.0", .min, -0x1p63),
        ("-9223372036854775809", nil, -0x1p63),
        ("-9223372036854775809.0", nil, -0x1p63),
        ("9007199254740993.0", 9_007_199_254_740_993, 9_007_199_254_740_992),  // 2^53 + 1
        ("18446744073709551616", nil, 18_446_744_073_709_551_616),
        ("99999999999999999999.0", nil, 1e20),
        ("123456789012345678901234567890", nil, 123_456_789_012_345_677_877_719_597_056),
        ("1.7976931348623157e308", nil, .greatestFiniteMagnitude),
        ("5e-324", nil, .leastNonzeroMagnitude),  // y_number_double_close_to_zero
    ]

    @Test("keeps its text and gives its value", arguments: numbers)
    func givesItsValue(text: String, int64: Int64?, double: Double?) throws {
        guard case .number(let number) = try JSONValue(parsing: Array(text.utf8)) else {
            throw JSONTestFailure.notANumber
        }
        #expect(number.text == text)
        #expect(number.int64 == int64)
        #expect(number.double == double)
        #expect(number.double?.sign == double?.sign)
    }

    @Test("gives every integer exactly, however it is spelt")
    func givesExactIntegers() throws {
        var random = SeededGenerator(seed: 20)
        for _ in 0..<2000 {
            let integer = Int64(truncatingIfNeeded: random.next() >> UInt64(random.below(64))) | 1
            let zeros = random.below(30)
            let spellings = [
                "\(integer)",
                "\(integer).\(String(repeating: "0", count: zeros + 1))",
                "\(integer)\(String(repeating: "0", count: zeros))e-\(zeros)",
                "\(integer)\(String(repeating: "0", count: zeros))0.00E-0\(zeros + 1)",
            ]
            for text in spellings {
                guard case .number(let number) = try JSONValue(parsing: Array(text.utf8)) else {
                    throw JSONTestFailure.notANumber
                }
                #expect(number.int64 == integer, "\(text), seed 20")
            }
        }
    }

    @Test("equal when the texts are")
    func comparesTexts() throws {
        #expect(try JSONValue(parsing: Array("12".utf8)) == .number(JSONNumber(12)))
        #expect(try JSONValue(parsing: Array("12.0".utf8)) != .number(JSONNumber(12)))
    }
}

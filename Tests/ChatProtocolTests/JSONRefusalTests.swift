import ChatProtocol
import Testing

/// What the reader refuses, why and where; names such as n_array_1_true are those of the public JSONTestSuite.
@Suite struct JSONRefusalTests {
    typealias Refusal = (text: String, offset: Int, reason: String)

    private static let structures: [Refusal] = [
        ("", 0, "no value"),  // n_structure_no_data
        (" \r\n\t", 4, "no value"),  // n_single_space
        ("1 2", 2, "text after the value"),
        ("[]]", 2, "text after the value"),  // n_array_extra_close
        ("{}}", 2, "text after the value"),  // n_structure_object_followed_by_closing_object
        ("[1]x", 3, "text after the value"),  // n_structure_array_trailing_garbage
        ("\"\"x", 2, "text after the value"),  // n_string_with_trailing_garbage
        ("{}/**/", 2, "text after the value"),  // n_object_trailing_comment
        ("{}#", 2, "text after the value"),  // n_structure_trailing_#
        ("nullx", 4, "text after the value"),
        ("[", 1, "cut short"),  // n_structure_lone-open-bracket
        ("{", 1, "cut short"),  // n_structure_open_object
        ("[1", 2, "cut short"),
        ("[1,", 3, "cut short"),
        ("[\"a", 3, "cut short"),  // n_structure_open_array_open_string
        ("{\"a\"", 4, "cut short"),
        ("{\"a\":", 5, "cut short"),  // n_object_missing_value
        ("{\"a\":1", 6, "cut short"),
        ("{\"a\":1,", 7, "cut short"),
        ("nul", 3, "cut short"),
        ("[1,]", 3, "a trailing comma"),  // n_array_number_and_comma
        ("[[1 , ] ]", 6, "a trailing comma"),
        ("[1,}", 3, "an unexpected character"),
        ("[,1]", 1, "an unexpected character"),  // n_array_comma_and_number
        ("[1,,2]", 3, "an unexpected character"),  // n_array_double_comma
        ("[,]", 1, "an unexpected character"),  // n_array_just_comma
        ("[1 true]", 3, "an unexpected character"),  // n_array_1_true_without_comma
        ("[\"a\":1]", 4, "an unexpected character"),  // n_array_colon_instead_of_comma
        ("[1}", 2, "an unexpected character"),
        ("]", 0, "an unexpected character"),
        ("{\"a\":1,}", 7, "a trailing comma"),  // n_object_trailing_comma
        ("{,}", 1, "an unexpected character"),
        ("{\"a\":1,,\"b\":2}", 7, "an unexpected character"),  // n_object_two_commas_in_a_row
        ("{\"a\" 1}", 5, "an unexpected character"),  // n_object_missing_semicolon
        ("{\"a\"::1}", 5, "an unexpected character"),  // n_object_double_colon
        ("{\"a\":1 \"b\":2}", 7, "an unexpected character"),
        ("{1:1}", 1, "an unexpected character"),  // n_object_non_string_key
        ("{a:1}", 1, "an unexpected character"),  // n_object_unquoted_key
        ("{'a':1}", 1, "an unexpected character"),  // n_object_single_quote
        ("{\"a\":1]", 6, "an unexpected character"),
        ("['a']", 1, "an unexpected character"),  // n_string_single_quote
        ("[1,\u{C}2]", 3, "an unexpected character"),  // n_structure_whitespace_formfeed
        ("[\u{2060}]", 1, "an unexpected character"),  // n_structure_whitespace_U+2060_word_joiner
        ("// a\n1", 0, "an unexpected character"),
        ("/**/1", 0, "an unexpected character"),
        ("[nul]", 4, "an unexpected character"),  // n_incomplete_null
        ("[True]", 1, "an unexpected character"),  // n_structure_capitalized_True
        ("[truth]", 4, "an unexpected character"),
        ("undefined", 0, "an unexpected character"),
    ]

    private static let numbers: [Refusal] = [
        ("+1", 0, "an unexpected character"),  // n_number_+1
        (".2e-3", 0, "an unexpected character"),  // n_number_.2e-3
        ("NaN", 0, "an unexpected character"),  // n_number_NaN
        ("Infinity", 0, "an unexpected character"),  // n_number_infinity
        ("\u{FF11}", 0, "an unexpected character"),  // n_number_U+FF11_fullwidth_digit_one
        ("-", 0, "a malformed number"),
        ("-Infinity", 0, "a malformed number"),  // n_number_minus_infinity
        ("--1", 0, "a malformed number"),
        ("- 1", 0, "a malformed number"),  // n_number_minus_space_1
        ("01", 0, "a malformed number"),
        ("-01", 0, "a malformed number"),  // n_number_-01
        ("00", 0, "a malformed number"),
        ("[ 012]", 2, "a malformed number"),  // n_number_with_leading_zero
        ("1.", 0, "a malformed number"),  // n_number_real_without_fractional_part
        ("-2.", 0, "a malformed number"),  // n_number_-2.
        ("2.e3", 0, "a malformed number"),  // n_number_2.e3
        ("1e", 0, "a malformed number"),
        ("0E+", 0, "a malformed number"),  // n_number_0_capital_E+
        ("0e-", 0, "a malformed number"),
        ("1e+-2", 0, "a malformed number"),  // n_number_invalid+-
        ("1.2.3", 3, "text after the value"),
        ("1e2.5", 3, "text after the value"),
        ("0x42", 1, "text after the value"),  // n_number_hex_2_digits
        ("1_000", 1, "text after the value"),
        ("1 000.0", 2, "text after the value"),  // n_number_1_000
        ("[1a]", 2, "an unexpected character"),
    ]

    private static let strings: [Refusal] = [
        ("\"", 1, "cut short"),  // n_string_single_doublequote
        ("\"\\", 2, "cut short"),  // n_string_start_escape_unclosed
        ("\"\\\"", 3, "cut short"),  // n_string_incomplete_escape
        ("\"\\u", 3, "cut short"),
        ("\"\\u00A", 6, "cut short"),  // n_string_incomplete_escaped_character
        ("\"\\ud800\\u", 9, "cut short"),
        ("\"a\\x00\"", 2, "an unknown escape"),  // n_string_escape_x
        ("\"\\'\"", 1, "an unknown escape"),
        ("\"\\U0041\"", 1, "an unknown escape"),
        ("\"\\\u{9}\"", 1, "an unknown escape"),  // n_string_escaped_ctrl_char_tab
        ("\"\\🌀\"", 1, "an unknown escape"),  // n_string_escaped_emoji
        ("\"\\u00G0\"", 1, "an unknown escape"),  // n_string_invalid_unicode_escape
        ("\"\\u+041\"", 1, "an unknown escape"),
        ("\"\\ud800\\u00zz\"", 7, "an unknown escape"),
        ("\"\\uD800\"", 1, "a lone surrogate"),  // i_string_1st_surrogate_but_2nd_missing
        ("\"ab\\uDFFF\"", 3, "a lone surrogate"),  // i_string_lone_second_surrogate
        ("\"\\uD800\\n\"", 1, "a lone surrogate"),  // i_string_incomplete_surrogate_and_escape_valid
        ("\"\\uD800\\uD800\"", 1, "a lone surrogate"),
        ("\"\\uD800\\u0041\"", 1, "a lone surrogate"),  // i_string_1st_valid_surrogate_2nd_invalid
        ("\"\\uDC00\\uD800\"", 1, "a lone surrogate"),  // i_string_inverted_surrogates_U+1D11E
        ("\"\\uD800", 1, "a lone surrogate"),
        ("\"\n\"", 1, "a control character in a string"),  // n_string_unescaped_newline
        ("\"\t\"", 1, "a control character in a string"),  // n_string_unescaped_tab
        ("\"\\n\u{1F}\"", 3, "a control character in a string"),
        ("{\"a\nb\":1}", 3, "a control character in a string"),
    ]

    private static let duplicates: [Refusal] = [
        (#"{"a":1,"a":1}"#, 7, "a duplicate member"),  // y_object_duplicated_key_and_value, refused here
        (#"{"a":1, "\u0061":2}"#, 8, "a duplicate member"),
        (#"{"":1,"":1}"#, 6, "a duplicate member"),
        (#"[{"x":{"b":{},"a":[],"b":0}}]"#, 21, "a duplicate member"),
        ("{\"é\":1,\"\\u00e9\":2}", 8, "a duplicate member"),
    ]

    @Test("refuses", arguments: structures + numbers + strings + duplicates)
    func refuses(refusal: Refusal) {
        #expect(JSONRefusal(of: Array(refusal.text.utf8)) == JSONRefusal(refusal.offset, refusal.reason))
    }

    @Test("refuses NUL anywhere")
    func refusesNUL() {
        #expect(JSONRefusal(of: Array("\0".utf8)) == JSONRefusal(0, "an unexpected character"))
        #expect(JSONRefusal(of: Array("[]\0".utf8)) == JSONRefusal(2, "text after the value"))
        #expect(JSONRefusal(of: Array("\"a\0\"".utf8)) == JSONRefusal(2, "a control character in a string"))
        #expect(JSONRefusal(of: Array("\"\\\0\"".utf8)) == JSONRefusal(1, "an unknown escape"))
    }

    @Test(
        "refuses bytes that are not UTF-8",
        arguments: [
            ([0x80], 0),  // a continuation without a beginning
            ([0xE9], 0),  // i_string_iso_latin_1
            ([0xC0, 0xAF], 0),  // i_string_overlong_sequence_2_bytes
            ([0xC1, 0xBF], 0),
            ([0xE0, 0x80, 0x80], 0),  // overlong in three bytes
            ([0xF0, 0x80, 0x80, 0x80], 0),  // overlong in four
            ([0xED, 0xA0, 0x80], 0),  // i_string_UTF8_surrogate_U+D800
            ([0xED, 0xBF, 0xBF], 0),
            ([0xF4, 0x90, 0x80, 0x80], 0),  // U+110000
            ([0xF8, 0x88, 0x80, 0x80, 0x80], 0),  // five bytes
            ([0xFF], 0),  // i_string_invalid_utf-8
            ([0xE4, 0xB8], 0),  // cut short
            ([0x61, 0xC3, 0xA9, 0xE4, 0xB8, 0x61], 3),
        ] as [([UInt8], Int)]
    )
    func refusesOtherEncodings(bytes: [UInt8], fault: Int) {
        let quote = UInt8(ascii: "\"")
        let escape = Array(#"\u4e2d"#.utf8)

        #expect(JSONRefusal(of: [quote] + bytes + [quote]) == JSONRefusal(1 + fault, "not UTF-8"))
        #expect(JSONRefusal(of: [quote] + bytes + escape + [quote]) == JSONRefusal(1 + fault, "not UTF-8"))
        #expect(JSONRefusal(of: [quote] + escape + bytes + [quote]) == JSONRefusal(7 + fault, "not UTF-8"))
        if fault == 0 {
            #expect(JSONRefusal(of: bytes) == JSONRefusal(0, "not UTF-8"))
        }
    }

    @Test("an escape does not complete a sequence cut short")
    func refusesSplitSequences() {
        let bytes: [UInt8] = [0x22, 0xE4, 0xB8] + Array(#"\u00ad"#.utf8) + [0xAD, 0x22]
        #expect(JSONRefusal(of: bytes) == JSONRefusal(1, "not UTF-8"))
    }

    @Test(
        "refuses byte order marks and wider encodings",
        arguments: [
            ([0xEF, 0xBB, 0xBF], 0, "a byte order mark"),  // n_structure_UTF8_BOM_no_data
            ([0xEF, 0xBB, 0xBF, 0x7B, 0x7D], 0, "a byte order mark"),  // i_structure_UTF-8_BOM_empty_object
            ([0x20, 0xEF, 0xBB, 0xBF, 0x7B, 0x7D], 1, "an unexpected character"),
            ([0xEF, 0xBB, 0x7B, 0x7D], 0, "not UTF-8"),  // n_structure_incomplete_UTF8_BOM
            ([0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], 0, "not UTF-8"),
            ([0x7B, 0x00, 0x7D, 0x00], 1, "an unexpected character"),
            ([0x00, 0x7B, 0x00, 0x7D], 0, "an unexpected character"),
        ] as [([UInt8], Int, String)]
    )
    func refusesOtherEncodings(bytes: [UInt8], offset: Int, reason: String) {
        #expect(JSONRefusal(of: bytes) == JSONRefusal(offset, reason))
    }

    @Test("refuses the 101st level", arguments: ["[", "{\"a\":"])
    func refusesDeepNesting(open: String) {
        let expected = JSONRefusal(100 * open.utf8.count, "nested deeper than 100 levels")

        #expect(JSONRefusal(of: Array(String(repeating: open, count: 101).utf8)) == expected)
        #expect(JSONRefusal(of: Array(String(repeating: open, count: 200_000).utf8)) == expected)
    }

    @Test("finds a duplicate among any number of members", arguments: [2, 15, 16, 17, 18, 19, 40, 1000])
    func refusesDuplicates(count: Int) {
        let members = (0..<count).map { "\"\($0)\":0" }.joined(separator: ",")

        #expect(JSONRefusal(of: Array("{\(members)}".utf8)) == nil)
        for again in [0, count / 2, count - 1] {
            let text = "{\(members),\"\(again)\":0}"
            #expect(JSONRefusal(of: Array(text.utf8)) == JSONRefusal(members.utf8.count + 2, "a duplicate member"))
        }
    }

    @Test("canonically equivalent names are different names", arguments: [0, 20])
    func acceptsEquivalentNames(others: Int) {
        let names = ["\u{E9}", "e\u{301}", "q\u{323}\u{307}", "q\u{307}\u{323}"] + (0..<others).map { "\($0)" }
        for names in [names, names.reversed()] {
            let members = names.map { "\"\($0)\":0" }.joined(separator: ",")
            #expect(JSONRefusal(of: Array("{\(members)}".utf8)) == nil)
        }
    }
}

/// A refusal in a form that compares with an expected one.
struct JSONRefusal: Equatable {
    let offset: Int
    let reason: String

    init(_ offset: Int, _ reason: String) {
        (self.offset, self.reason) = (offset, reason)
    }

    /// Nil if the text is accepted.
    init?(of text: [UInt8]) {
        do {
            _ = try JSONValue(parsing: text)
            return nil
        } catch {
            (offset, reason) = (error.offset, error.reason)
        }
    }
}

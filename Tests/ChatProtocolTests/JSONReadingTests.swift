import ChatProtocol
import Testing

/// What the reader takes; names such as y_array_empty are those of the public JSONTestSuite.
@Suite struct JSONReadingTests {
    private static let accepted: [(text: String, value: JSONValue)] = [
        ("null", .null),  // y_structure_lonely_null
        ("true", .bool(true)),  // y_structure_lonely_true
        ("false", .bool(false)),  // y_structure_lonely_false
        (" \t\r\n true \t\r\n ", .bool(true)),
        ("\"\"", .string("")),  // y_structure_string_empty
        ("\"asd\"", .string("asd")),  // y_structure_lonely_string
        ("[]", .array([])),  // y_array_empty
        ("[[]   ]", .array([.array([])])),  // y_array_arraysWithSpaces
        ("[\"\"]", .array([.string("")])),  // y_array_empty-string
        ("[null, \"1\", {}]", .array([.null, .string("1"), .object(JSONObject())])),  // y_array_heterogeneous
        (" [ false , false ] ", .array([.bool(false), .bool(false)])),  // y_array_with_leading_space
        ("{}", .object(JSONObject())),  // y_object_empty
        ("{ }", .object(JSONObject())),
        ("{\"\":null}", object(("", .null))),  // y_object_empty_key
        ("{\"b\":true,\"a\":false}", object(("b", .bool(true)), ("a", .bool(false)))),  // order is kept
        ("{\n\"a\" :\r\n{\t}\n}\n", object(("a", .object(JSONObject())))),  // y_object_with_newlines
        ("{\"a\":null,\"A\":null}", object(("a", .null), ("A", .null))),
    ]

    private static let strings: [(text: String, string: String)] = [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),  // y_string_allowed_escapes
        (#""\u0060\u012a\u12AB""#, "\u{60}\u{12A}\u{12AB}"),  // y_string_1_2_3_bytes_UTF-8_sequences
        (#""\u0012""#, "\u{12}"),  // y_string_escaped_control_character
        (#""\\u0000""#, "\\u0000"),  // y_string_backslash_and_u_escaped_zero
        (#""\uD801\udc37""#, "\u{10437}"),  // y_string_accepted_surrogate_pair
        (#""\ud83d\ude39\ud83d\udc8d""#, "\u{1F639}\u{1F48D}"),  // y_string_accepted_surrogate_pairs
        (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),  // y_string_last_surrogates_1_and_2
        (#""\uD800\uDC00""#, "\u{10000}"),
        (#""\uFFFF\uD7FF\uE000""#, "\u{FFFF}\u{D7FF}\u{E000}"),  // both neighbours of the surrogates
        (#""new\u00A0line""#, "new\u{A0}line"),  // y_string_nbsp_uescaped
        ("\"\u{7F}\"", "\u{7F}"),  // y_string_unescaped_char_delete
        ("\"\u{2028}\u{2029}\"", "\u{2028}\u{2029}"),  // y_string_u+2028_line_sep
        ("\"\u{FEFF}\"", "\u{FEFF}"),  // only a leading one is a byte order mark
        ("\"é 中文 🎉 \u{10FFFF}\"", "é 中文 🎉 \u{10FFFF}"),  // y_string_utf8
        ("\"1234567\\n8 中文 and on past eight bytes \\u4e2d\"", "1234567\n8 中文 and on past eight bytes 中"),
        ("\"/* a comment */\"", "/* a comment */"),  // y_string_comments
        ("\"{[:,]}\"", "{[:,]}"),
    ]

    private static func object(_ members: (name: String, value: JSONValue)...) -> JSONValue {
        .object(JSONObject(members.map { .init(name: $0.name, value: $0.value) }))
    }

    @Test("accepts", arguments: accepted)
    func accepts(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == value)
    }

    @Test("unescapes", arguments: strings)
    func unescapes(text: String, string: String) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == .string(string))
    }

    @Test("takes an escaped NUL in names and strings")
    func takesNUL() throws {
        let value = try JSONValue(parsing: Array(#"{"foo\u0000bar":"\u0000"}"#.utf8))  // y_object_escaped_null_in_key
        #expect(value == Self.object(("foo\0bar", .string("\0"))))
    }

    @Test("finds the end of a string wherever it stands among eight bytes", arguments: 0..<40)
    func scansRuns(length: Int) throws {
        for filler in ["a", "\u{7F}", " ", "!", "é", "😀"] {
            let run = String(repeating: filler, count: length)
            #expect(try JSONValue(parsing: Array("\"\(run)\"".utf8)) == .string(run))
            #expect(try JSONValue(parsing: Array("\"\(run)\\n\(run)\"".utf8)) == .string("\(run)\n\(run)"))
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array("\"\(run)\n\(run)\"".utf8)) }
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array("\"\(run)".utf8)) }
        }
    }

    @Test("reads the same from an array, a span and a buffer")
    func readsAnyBytes() throws {
        let bytes = Array(#"{"a":[1,"two",null]}"#.utf8)

        let value = try JSONValue(parsing: bytes)

        #expect(try JSONValue(parsing: bytes.span.bytes) == value)
        #expect(try bytes.withUnsafeBytes { try JSONValue(parsing: $0) } == value)
        #expect(throws: JSONError.self) { try JSONValue(parsing: UnsafeRawBufferPointer(start: nil, count: 0)) }
    }

    @Test("looks members up by bytes, not by canonical equivalence")
    func looksUpExactly() throws {
        // The pair in the middle has equal lengths too.
        let names = ["\u{E9}", "e\u{301}", "q\u{323}\u{307}", "q\u{307}\u{323}", "plain"]
        let members = names.enumerated().map { "\"\($1)\":\($0)" }

        let value = try JSONValue(parsing: Array("{\(members.joined(separator: ","))}".utf8))

        guard case .object(let object) = value else { throw JSONTestFailure.notAnObject }
        for (index, name) in names.enumerated() {
            #expect(object[name] == .number(JSONNumber(Int64(index))))
        }
        #expect(object["Plain"] == nil)
        #expect(object.members.map(\.name.utf8.count) == names.map(\.utf8.count))
        #expect(JSONValue.string(names[2]) != .string(names[3]))
    }

    @Test("names kinds for the text of a refusal")
    func namesKinds() throws {
        let value = try JSONValue(parsing: Array(#"[null, true, 1, "", [], {}]"#.utf8))

        guard case .array(let elements) = value else { throw JSONTestFailure.notAnArray }
        #expect(elements.map(\.kind) == ["null", "a boolean", "a number", "a string", "an array", "an object"])
    }

    @Test("takes arrays and objects 100 levels deep")
    func takesDeepNesting() throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = String(repeating: open, count: 100) + "0" + String(repeating: close, count: 100)
            #expect(throws: Never.self) { try JSONValue(parsing: Array(text.utf8)) }
        }
    }
}

enum JSONTestFailure: Error {
    case notAnObject, notAnArray, notANumber
}

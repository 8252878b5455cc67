import ChatProtocol
import FoundationEssentials
import RostrumTesting
import Testing

/// Comparison with Foundation's reader, and input that nobody would send in good faith.
@Suite struct JSONFuzzTests {
    /// The reasons for which we refuse what Foundation takes; the last is its error, the others choices of ours.
    private static let stricterReasons: Set<String> = [
        "a duplicate member", "a byte order mark", "nested deeper than 100 levels", "a trailing comma",
    ]

    @Test("accepts what Foundation accepts, with the stated exceptions", arguments: [1, 2, 3, 4] as [UInt64])
    func agreesWithFoundation(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<5000 {
            let text = random.spoiledDocument()
            let foundations = try? JSONDecoder().decode(FoundationJSON.self, from: Data(text))
            do {
                let value = try JSONValue(parsing: text)
                accepted += 1
                if foundations.map({ $0.agrees(with: value) }) ?? Self.isBeyondFoundation(value) { continue }
                Issue.record("seed \(seed): Foundation reads otherwise: \(String(decoding: text, as: UTF8.self))")
            } catch {
                let isAllowed = foundations == nil || Self.stricterReasons.contains(error.reason) || Self.isWider(text)
                if !isAllowed || error.offset > text.count {
                    Issue.record("seed \(seed): \(error), but Foundation accepts: \(text)")
                }
            }
        }
        #expect((500...4500).contains(accepted))
    }

    /// Whether Foundation would take the text for UTF-16 or UTF-32.
    private static func isWider(_ text: [UInt8]) -> Bool {
        text.prefix(4).contains(0) || text.starts(with: [0xFE, 0xFF]) || text.starts(with: [0xFF, 0xFE])
    }

    /// Whether it holds a number that Foundation refuses as a `Double` in the words it has for a misspelt one.
    ///
    /// Those are numbers too large or too small, and some zeros with an exponent, such as `-0e1` and `0e1`.
    private static func isBeyondFoundation(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool, .string: return false
        case .array(let elements): return elements.contains(where: isBeyondFoundation)
        case .object(let object): return object.members.contains { isBeyondFoundation($0.value) }
        case .number(let number):
            guard let double = number.double else { return true }
            return abs(double) < .leastNormalMagnitude && number.text.contains { "eE".contains($0) }
        }
    }

    @Test("no bytes trap", arguments: [1, 2] as [UInt64])
    func survivesAnything(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let marks = Array(#"{}[]:,"\ue+-.0123456789tfnabDd8 "#.utf8) + [0x00, 0x0A, 0x80, 0xC3, 0xED, 0xF0, 0xFF]
        for round in 0..<50_000 {
            let text = (0..<random.below(24)).map { _ in
                round % 2 == 0 ? UInt8(truncatingIfNeeded: random.next()) : marks[random.below(marks.count)]
            }
            guard let value = try? JSONValue(parsing: text) else { continue }
            if case .number(let number) = value { _ = (number.int64, number.double) }
            var output: [UInt8] = []
            value.write(to: &output)
            #expect((try? JSONValue(parsing: output)) == value, "seed \(seed): \(text)")
        }
    }

    @Test("every cut of a document is refused, or is a shorter document")
    func survivesCuts() throws {
        let text = Array(#"{"a":[1.5e+3,true,false,null,"\ud83d\ude00 é\n"],"b":{"c":-0.1}}"#.utf8)
        _ = try JSONValue(parsing: text)
        for end in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text[..<end])) }
            for start in 1...(end + 1) { _ = try? JSONValue(parsing: Array(text[start..<(end + 1)])) }
        }
    }

    /// Texts of one MiB, chosen for the most work or memory.
    private static let hostile: [(start: String, unit: String, end: String)] = [
        ("[[]", ",[]", "]"),
        ("[{}", ",{}", "]"),
        ("[0", ",{\"a\":{}}", "]"),
        ("[0", "," + String(repeating: "[", count: 99) + String(repeating: "]", count: 99), "]"),
        ("[0", "," + String(repeating: "{\"\":", count: 98) + "0" + String(repeating: "}", count: 98), "]"),
        ("[0", ",0", "]"),
        ("0.", "0", "1"),
        ("1", "0", ".0e-1048573"),
        ("1e", "9", ""),
        ("\"", "\\n", "\""),
        ("\"", "\\ud83d\\ude00", "\""),
        ("\"", "é", "\""),
        ("", " ", "1"),
        ("", "[", ""),
        ("", "{\"a\":", ""),
    ]

    @Test("survives a MiB of", arguments: hostile)
    func survivesLongTexts(start: String, unit: String, end: String) {
        let count = ((1 << 20) - start.utf8.count - end.utf8.count) / unit.utf8.count
        let text = Array((start + String(repeating: unit, count: count) + end).utf8)

        let value = try? JSONValue(parsing: text)

        if case .number(let number) = value { _ = (number.int64, number.double) }
        #expect((value == nil) == (end.isEmpty && start.isEmpty))
    }

    @Test("reads 100,000 members, and finds the last one's name among them")
    func survivesManyMembers() throws {
        let members = (0..<100_000).map { "\"\($0)\":0" }.joined(separator: ",")

        guard case .object(let object) = try JSONValue(parsing: Array("{\(members)}".utf8)) else {
            throw JSONTestFailure.notAnObject
        }

        #expect(object.members.count == 100_000)
        #expect(JSONRefusal(of: Array("{\(members),\"0\":1}".utf8))?.reason == "a duplicate member")
    }
}

/// A value as Foundation's reader sees it.
private enum FoundationJSON: Decodable {
    case null
    case bool(Bool)
    case number(Double, Int64?)
    case string(String)
    case array([FoundationJSON])
    case object([String: FoundationJSON])

    /// Tries one kind after the other.
    ///
    /// Foundation looks into strings and numbers only when they are decoded, so an error other than
    /// a mismatch of kinds is its verdict on the text.
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        func decoded<Value: Decodable>(as type: Value.Type) throws -> Value? {
            do { return try container.decode(type) } catch DecodingError.typeMismatch { return nil }
        }
        self =
            if container.decodeNil() {
                .null
            } else if let value = try decoded(as: Bool.self) {
                .bool(value)
            } else if let value = try decoded(as: String.self) {
                .string(value)
            } else if let value = try decoded(as: [FoundationJSON].self) {
                .array(value)
            } else if let value = try decoded(as: [String: FoundationJSON].self) {
                .object(value)
            } else {
                .number(try container.decode(Double.self), try? container.decode(Int64.self))
            }
    }

    func agrees(with value: JSONValue) -> Bool {
        switch (self, value) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.number(let double, let integer), .number(let number)):
            // Foundation rounds some long fractions to an Int64; ours is exact, so only a plain one must agree.
            double == number.double && (number.text.contains { ".eE".contains($0) } || integer == number.int64)
        case (.string(let one), .string(let other)): Array(one.utf8) == Array(other.utf8)
        case (.array(let one), .array(let other)):
            one.count == other.count && zip(one, other).allSatisfy { $0.agrees(with: $1) }
        case (.object(let one), .object(let other)):
            one.count == other.members.count
                && other.members.allSatisfy { one[$0.name]?.agrees(with: $0.value) == true }
        default: false
        }
    }
}

import RostrumTesting

/// JSON texts, valid and spoiled.
extension SeededGenerator {
    /// A valid text; names in an object differ.
    mutating func document() -> [UInt8] {
        Array("\(space())\(value(deep: 0))\(space())".utf8)
    }

    private mutating func value(deep level: Int) -> String {
        switch below(level < 4 ? 7 : 4) {
        case 0: one(of: ["null", "true", "false"])
        case 1: number()
        case 2, 3: "\"\(characters())\""
        case 4: list((0..<below(5)).map { _ in "\(space())\(value(deep: level + 1))\(space())" }, "[", "]")
        default: list((0..<below(5)).map { member(called: "\($0)", deep: level + 1) }, "{", "}")
        }
    }

    private mutating func member(called ending: String, deep level: Int) -> String {
        "\(space())\"\(characters())\(ending)\"\(space()):\(space())\(value(deep: level))\(space())"
    }

    private func list(_ elements: [String], _ open: String, _ close: String) -> String {
        open + elements.joined(separator: ",") + close
    }

    private mutating func space() -> String {
        one(of: ["", "", "", "", " ", "\n", "\t", "\r\n"])
    }

    private mutating func number() -> String {
        let whole = one(of: ["0", "1", "34", "9223372036854775807", "9223372036854775808", "\(next())"])
        let fraction = one(of: ["", "", "", ".0", ".5", ".\(next())"])
        let exponent = one(of: ["", "", "", "e0", "E+2", "e-7", "e18", "e\(below(560) - 280)"])
        return one(of: ["", "-"]) + whole + fraction + exponent
    }

    private mutating func characters() -> String {
        let pieces = [
            "a", "name", " ", "/", "中文", "é", "😀", "\u{7F}", "\u{2028}", "longer than eight bytes, plain",
            #"\""#, #"\\"#, #"\/"#, #"\b"#, #"\f"#, #"\n"#, #"\r"#, #"\t"#,
            #"\u0000"#, #"\u001f"#, #"\u4E2d"#, #"\uFFFF"#, #"\ud83d\ude00"#,
        ]
        return (0..<below(4)).map { _ in one(of: pieces) }.joined()
    }

    /// A valid text with up to four faults put in; now and then still valid.
    mutating func spoiledDocument() -> [UInt8] {
        var text = document()
        for _ in 0..<below(5) { spoil(&text) }
        return text
    }

    private mutating func spoil(_ text: inout [UInt8]) {
        let place = below(text.count + 1)
        let end = min(text.count, place + below(8))
        switch below(9) {
        case 0: text.insert(tellingByte(), at: place)
        case 1: text.replaceSubrange(place..<end, with: [tellingByte()])
        case 2: text.removeSubrange(place..<end)
        case 3: text.insert(contentsOf: text[place..<end], at: below(text.count + 1))
        case 4: text.removeSubrange(place...)
        case 5: text.insert(contentsOf: document(), at: place)
        case 6: text.insert(contentsOf: Array(telling().utf8), at: place)
        case 7: if place < text.count { text[place] ^= 1 << UInt8(below(8)) }
        default: if below(20) == 0 { text = wider(text) }
        }
    }

    private mutating func tellingByte() -> UInt8 {
        let bytes: [UInt8] = [0x00, 0x1F, 0x7F, 0x80, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF]
        let marks = Array(#"{}[]:,"\ue+-.01 /t"#.utf8)
        return below(2) == 0 ? bytes[below(bytes.count)] : marks[below(marks.count)]
    }

    private mutating func telling() -> String {
        one(of: [
            #"\ud800"#, #"\udc00"#, #"\u"#, #"\x"#, ",", ":", "\"", "//", "/**/", "NaN", "-", "01", "1.", "1e",
            #""a":1,"a":2,"#, "{\"a\":0,\"\\u0061\":1}", "[", "]", "true", "\u{FEFF}",
            String(repeating: "[", count: 99),
        ])
    }

    /// The text with a byte order mark, or as UTF-16.
    private mutating func wider(_ text: [UInt8]) -> [UInt8] {
        let units = String(decoding: text, as: UTF8.self).utf16
        return switch below(3) {
        case 0: [0xEF, 0xBB, 0xBF] + text
        case 1: units.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        default: [0xFE, 0xFF] + units.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        }
    }
}

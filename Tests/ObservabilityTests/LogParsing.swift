import FoundationEssentials

/// Decodes from any JSON value and ignores it.
struct Anything: Decodable {
    init(from decoder: any Decoder) throws {}
}

struct Field: Equatable {
    let key: String
    let value: String
}

struct Malformed: Error {}

/// Whether `bytes` end in their only newline and hold nothing that steers a terminal.
func isOneSafeLine(_ bytes: [UInt8]) -> Bool {
    guard bytes.last == 0x0A, let text = String(validating: bytes.dropLast(), as: UTF8.self) else { return false }
    return text.unicodeScalars.allSatisfy { scalar in
        switch scalar.value {
        case 0x00..<0x20, 0x7F..<0xA0, 0x61C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: false
        default: true
        }
    }
}

/// Reads the text format back: a message, then `key=value` with bare or quoted strings.
func parse(_ line: [UInt8]) throws -> (message: String, fields: [Field]) {
    var rest = line[...]
    let message: String
    if rest.first == UInt8(ascii: "\"") {
        message = try string(&rest, until: [])
    } else {
        // A bare message holds neither "=" nor a quote: it ends at the last space before the first of either.
        let end = rest.firstIndex { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "\"") } ?? rest.endIndex
        guard let space = rest[..<end].lastIndex(of: UInt8(ascii: " ")) else { throw Malformed() }
        message = String(decoding: rest[..<space], as: UTF8.self)
        rest = rest[space...]
    }
    var fields: [Field] = []
    while !rest.isEmpty {
        guard rest.removeFirst() == UInt8(ascii: " ") else { throw Malformed() }
        let key = try string(&rest, until: [UInt8(ascii: "=")])
        guard rest.popFirst() == UInt8(ascii: "=") else { throw Malformed() }
        fields.append(Field(key: key, value: try string(&rest, until: [UInt8(ascii: " ")])))
    }
    return (message, fields)
}

private func string(_ rest: inout ArraySlice<UInt8>, until stops: Set<UInt8>) throws -> String {
    guard rest.first == UInt8(ascii: "\"") else {
        let end = rest.firstIndex { stops.contains($0) } ?? rest.endIndex
        defer { rest = rest[end...] }
        return String(decoding: rest[..<end], as: UTF8.self)
    }
    var end = rest.startIndex + 1
    while end < rest.endIndex, rest[end] != UInt8(ascii: "\"") { end += rest[end] == UInt8(ascii: "\\") ? 2 : 1 }
    guard end < rest.endIndex else { throw Malformed() }
    defer { rest = rest[(end + 1)...] }
    return try JSONDecoder().decode(String.self, from: Data(rest[...end]))
}

extension String {
    /// How many pieces `separator` parts the string into.
    func components(of separator: String) -> Int {
        var (count, rest) = (1, self[...])
        while let found = rest.firstRange(of: separator) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}

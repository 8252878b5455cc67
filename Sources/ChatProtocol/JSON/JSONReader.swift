/// Reads one JSON text from front to back.
///
/// The bytes come from anyone: every access stands behind a comparison with their count, and
/// positions never pass it. Must not outlive the buffer.
struct JSONReader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The byte at the position, or nil at the end.
    var next: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    mutating func readDocument() throws(JSONError) -> JSONValue {
        guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { throw .byteOrderMark() }
        skipSpace()
        guard position < bytes.count else { throw .noValue(at: position) }
        let value = try readValue(inside: 0)
        skipSpace()
        guard position == bytes.count else { throw .textAfterValue(at: position) }
        return value
    }

    /// Reads the value at the position.
    ///
    /// - Parameter level: how many arrays and objects stand around it.
    private mutating func readValue(inside level: Int) throws(JSONError) -> JSONValue {
        guard let first = next else { throw unexpected() }
        return switch first {
        case UInt8(ascii: "\""): .string(try readString())
        case UInt8(ascii: "{"): .object(try readObject(inside: level))
        case UInt8(ascii: "["): .array(try readArray(inside: level))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): .number(try readNumber())
        case UInt8(ascii: "t"): try readWord("true", as: .bool(true))
        case UInt8(ascii: "f"): try readWord("false", as: .bool(false))
        case UInt8(ascii: "n"): try readWord("null", as: .null)
        default: throw unexpected()
        }
    }

    private mutating func readObject(inside level: Int) throws(JSONError) -> JSONObject {
        guard level < JSONValue.deepestNesting else { throw .nestedTooDeep(at: position) }
        position += 1
        skipSpace()
        if skip(UInt8(ascii: "}")) { return JSONObject() }
        var members: [JSONObject.Member] = []
        // A body's own members fit at once; deeper objects may be many and small.
        members.reserveCapacity(level == 0 ? 16 : 4)
        var names = JSONMemberNames()
        repeat {
            skipSpace()
            let start = position
            guard next == UInt8(ascii: "\"") else {
                let isTrailing = !members.isEmpty && next == UInt8(ascii: "}")
                throw isTrailing ? .trailingComma(at: start) : unexpected()
            }
            let name = try readString()
            guard names.admit(name, after: members) else { throw .duplicateMember(at: start) }
            skipSpace()
            guard skip(UInt8(ascii: ":")) else { throw unexpected() }
            skipSpace()
            members.append(JSONObject.Member(name: name, value: try readValue(inside: level + 1)))
            skipSpace()
        } while skip(UInt8(ascii: ","))
        guard skip(UInt8(ascii: "}")) else { throw unexpected() }
        return JSONObject(members)
    }

    private mutating func readArray(inside level: Int) throws(JSONError) -> [JSONValue] {
        guard level < JSONValue.deepestNesting else { throw .nestedTooDeep(at: position) }
        position += 1
        skipSpace()
        if skip(UInt8(ascii: "]")) { return [] }
        var elements: [JSONValue] = []
        repeat {
            skipSpace()
            guard elements.isEmpty || next != UInt8(ascii: "]") else { throw .trailingComma(at: position) }
            elements.append(try readValue(inside: level + 1))
            skipSpace()
        } while skip(UInt8(ascii: ","))
        guard skip(UInt8(ascii: "]")) else { throw unexpected() }
        return elements
    }

    private mutating func readWord(_ word: String, as value: JSONValue) throws(JSONError) -> JSONValue {
        for byte in word.utf8 {
            guard skip(byte) else { throw unexpected() }
        }
        return value
    }

    private mutating func readNumber() throws(JSONError) -> JSONNumber {
        let start = position
        _ = skip(UInt8(ascii: "-"))
        let whole = position
        guard skipDigits(), bytes[whole] != UInt8(ascii: "0") || position == whole + 1 else {
            throw .malformedNumber(at: start)
        }
        if skip(UInt8(ascii: ".")) {
            guard skipDigits() else { throw .malformedNumber(at: start) }
        }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            if !skip(UInt8(ascii: "-")) { _ = skip(UInt8(ascii: "+")) }
            guard skipDigits() else { throw .malformedNumber(at: start) }
        }
        return JSONNumber(checked: String(decoding: bytes[start..<position], as: UTF8.self))
    }

    /// Moves past digits.
    ///
    /// - Returns: false if there was none.
    private mutating func skipDigits() -> Bool {
        let start = position
        while let byte = next, byte &- UInt8(ascii: "0") < 10 { position += 1 }
        return position > start
    }

    private mutating func skipSpace() {
        while let byte = next, byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    /// Moves past `byte` if it stands at the position.
    private mutating func skip(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    /// The fault of whatever stands at the position, where something else has to.
    private func unexpected() -> JSONError {
        guard let next else { return .cutShort(at: position) }
        if next >= 0x80, firstFault(in: position..<min(position + 4, bytes.count)) == position {
            return .notUTF8(at: position)
        }
        return .unexpectedCharacter(at: position)
    }
}

extension JSONReader {
    /// Reads the string whose opening quote stands at the position.
    mutating func readString() throws(JSONError) -> String {
        let start = position + 1
        position = endOfPlainText(from: start)
        guard next == UInt8(ascii: "\"") else { return try readEscapedString(from: start) }
        guard let string = String(validating: bytes[start..<position], as: UTF8.self) else {
            throw .notUTF8(at: firstFault(in: start..<position))
        }
        position += 1
        return string
    }

    /// Reads on in a string that began at `start` and is plain up to the position.
    ///
    /// The runs between escapes are joined unchecked and the whole is checked: an escape yields
    /// whole characters, so it cannot complete what a run has left unfinished.
    private mutating func readEscapedString(from start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<position])
        while next != UInt8(ascii: "\"") {
            switch next {
            case nil: throw .cutShort(at: position)
            case UInt8(ascii: "\\"): text.append(contentsOf: try readEscape())
            default: throw .controlCharacter(at: position)
            }
            let run = position
            position = endOfPlainText(from: run)
            text.append(contentsOf: bytes[run..<position])
        }
        guard let string = String(validating: text, as: UTF8.self) else {
            throw .notUTF8(at: firstFault(in: start..<position))
        }
        position += 1
        return string
    }

    /// Reads the escape whose backslash stands at the position, two bytes or a whole `\u` or two.
    private mutating func readEscape() throws(JSONError) -> Unicode.UTF8.EncodedScalar {
        let start = position
        guard start + 1 < bytes.count else { throw .cutShort(at: bytes.count) }
        position += 2
        let scalar: Unicode.Scalar
        switch bytes[start + 1] {
        case UInt8(ascii: "\""): scalar = "\""
        case UInt8(ascii: "\\"): scalar = "\\"
        case UInt8(ascii: "/"): scalar = "/"
        case UInt8(ascii: "b"): scalar = "\u{8}"
        case UInt8(ascii: "f"): scalar = "\u{C}"
        case UInt8(ascii: "n"): scalar = "\n"
        case UInt8(ascii: "r"): scalar = "\r"
        case UInt8(ascii: "t"): scalar = "\t"
        case UInt8(ascii: "u"): scalar = try readEscapedScalar(from: start)
        default: throw .unknownEscape(at: start)
        }
        guard let encoded = UTF8.encode(scalar) else { throw .unknownEscape(at: start) }
        return encoded
    }

    /// Reads the four digits after a `\u` that began at `start`, and a second `\u` if they call for it.
    private mutating func readEscapedScalar(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let unit = try readUnit(ofEscapeAt: start)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        let second = position
        guard unit < 0xDC00, bytes[second...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else {
            throw .loneSurrogate(at: start)
        }
        position += 2
        let low = try readUnit(ofEscapeAt: second)
        let code = 0x10000 + (UInt32(unit) - 0xD800) << 10 + UInt32(low & 0x3FF)
        guard 0xDC00...0xDFFF ~= low, let scalar = Unicode.Scalar(code) else { throw .loneSurrogate(at: start) }
        return scalar
    }

    private mutating func readUnit(ofEscapeAt start: Int) throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next else { throw .cutShort(at: position) }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw .unknownEscape(at: start)
            }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }

    /// Where the next quote, backslash or control character stands, or the end of the text.
    ///
    /// Eight bytes at a time: subtracting sets the top bit of each byte below the subtrahend, and of
    /// others only above such a byte, so the lowest bit set is right.
    private func endOfPlainText(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var position = start
        while bytes.count - position >= 8 {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let stops =
                ((word &- ones &* 0x20) & ~word) | ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
            let marks = stops & (ones &* 0x80)
            guard marks == 0 else { return position + marks.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            position += 1
        }
        return position
    }

    /// Where the first sequence stands that is not UTF-8, or the range's end.
    func firstFault(in range: Range<Int>) -> Int {
        var offset = range.lowerBound
        var rest = bytes[range].makeIterator()
        var parser = Unicode.UTF8.ForwardParser()
        while case .valid(let scalar) = parser.parseScalar(from: &rest) { offset += scalar.count }
        return offset
    }
}

import ChatProtocol

/// Takes a CSV text apart, record by record, each with the line that it begins in.
///
/// Strict where a guess could import something else than what the writer meant: a quote that is not closed, or stands in
/// the middle of a field, spoils its record and says where. Records end with LF or CRLF; lines that are empty are none.
///
/// Source: RFC 4180.
package struct CSVReader: Sequence, IteratorProtocol {
    package struct Record: Equatable {
        package let line: Int
        /// Nil when the record breaks the rules of quoting.
        package let fields: [String]?
    }

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    private let bytes: [UInt8]
    private var position: Int
    private var line: Int

    /// - Parameter firstLine: the number of the text's first line.
    package init(_ text: String, firstLine: Int = 1) {
        bytes = Array(text.utf8)
        line = firstLine
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        position = bytes.starts(with: mark) ? mark.count : 0
    }

    package mutating func next() -> Record? {
        while skipLineEnd() {}
        guard position < bytes.count else { return nil }
        let first = line
        var fields: [String] = []
        repeat {
            guard let field = field() else {
                skipLine()
                return Record(line: first, fields: nil)
            }
            fields.append(field)
        } while skip(Self.comma)
        guard position == bytes.count || skipLineEnd() else {
            skipLine()
            return Record(line: first, fields: nil)
        }
        return Record(line: first, fields: fields)
    }

    /// - Returns: nil where quotes stand wrong.
    private mutating func field() -> String? {
        guard skip(Self.quote) else {
            let start = position
            while position < bytes.count, bytes[position] != Self.comma, !isAtLineEnd {
                if bytes[position] == Self.quote { return nil }
                position += 1
            }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
        var text: [UInt8] = []
        while position < bytes.count {
            if skip(Self.quote) {
                guard skip(Self.quote) else { return String(decoding: text, as: UTF8.self) }
                text.append(Self.quote)
                continue
            }
            if bytes[position] == Self.lineFeed { line += 1 }
            text.append(bytes[position])
            position += 1
        }
        return nil
    }

    private var isAtLineEnd: Bool {
        switch bytes[position] {
        case Self.lineFeed: true
        case Self.carriageReturn: position + 1 == bytes.count || bytes[position + 1] == Self.lineFeed
        default: false
        }
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipLineEnd() -> Bool {
        guard position < bytes.count, isAtLineEnd else { return false }
        if bytes[position] == Self.carriageReturn { position += 1 }
        _ = skip(Self.lineFeed)
        line += 1
        return true
    }

    private mutating func skipLine() {
        while position < bytes.count, !skipLineEnd() { position += 1 }
    }
}

import Logging

/// One log record as bytes, at most 16 KiB, newline included.
///
/// Text and JSON share their string syntax: what needs quotes in text is quoted as in JSON. Values of text are bare
/// words, quoted strings, `[a,b]` and `{key=value}`; a message stays unquoted unless it could be taken for metadata.
struct LogLine {
    private(set) var bytes: [UInt8] = []
    private var escaping = LogEscaping(limit: maximumBytes - 64)

    /// Strings are cut 64 bytes earlier: the mark and the closing brackets come after.
    static let maximumBytes = 16 * 1024
    private static let maximumDepth = 8
    /// Keys of the record itself; metadata of the same name is renamed, or the object would have two.
    private static let ownKeys: Set<String> = ["time", "level", "message", "label"]

    init() {
        bytes.reserveCapacity(512)
    }

    /// Writes the whole line as text.
    mutating func text(
        at millisecondsSinceEpoch: Int64,
        level: String,
        message: String,
        fields: [(key: String, value: Logger.MetadataValue)]
    ) {
        UTCTimestamp.append(millisecondsSinceEpoch, to: &bytes)
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: level.utf8)
        for _ in level.utf8.count..<max(5, level.utf8.count) { bytes.append(UInt8(ascii: " ")) }
        bytes.append(UInt8(ascii: " "))
        escaping.append(message, style: .message, to: &bytes)
        for (key, value) in fields where !escaping.isCut {
            bytes.append(UInt8(ascii: " "))
            escaping.append(key, style: .word, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            append(value, as: .text, depth: 0)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Writes the whole line as a JSON object.
    mutating func json(
        at millisecondsSinceEpoch: Int64,
        level: String,
        message: String,
        label: String,
        fields: [(key: String, value: Logger.MetadataValue)]
    ) {
        escaping = LogEscaping(limit: Self.maximumBytes - 64 - 6 * label.utf8.count)
        bytes.append(contentsOf: #"{"time":""#.utf8)
        UTCTimestamp.append(millisecondsSinceEpoch, to: &bytes)
        bytes.append(contentsOf: #"","level":""#.utf8)
        bytes.append(contentsOf: level.utf8)
        bytes.append(contentsOf: #"","message":"#.utf8)
        escaping.append(message, style: .quoted, to: &bytes)
        bytes.append(contentsOf: #","label":"#.utf8)
        var unlimited = LogEscaping(limit: .max)  // a long message must not cost the label
        unlimited.append(label, style: .quoted, to: &bytes)
        for (key, value) in fields where !escaping.isCut {
            bytes.append(UInt8(ascii: ","))
            // The prefix is put before itself too, so that no two keys meet.
            let isTaken = Self.ownKeys.contains(key) || key.hasPrefix("metadata.")
            escaping.append(isTaken ? "metadata." + key : key, style: .quoted, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            append(value, as: .json, depth: 0)
        }
        bytes.append(contentsOf: "}\n".utf8)
    }

    private mutating func append(_ value: Logger.MetadataValue, as format: LogFormat, depth: Int) {
        let style: LogEscaping.Style = format == .json ? .quoted : .word
        switch value {
        case _ where bytes.count >= escaping.limit:  // empty collections would never reach the limit
            escaping.append("", style: .quoted, to: &bytes)
        case .string(let string):
            escaping.append(string, style: style, to: &bytes)
        case .stringConvertible(let value):
            escaping.append(value.description, style: style, to: &bytes)
        case .array where depth == Self.maximumDepth, .dictionary where depth == Self.maximumDepth:
            escaping.append("…", style: style, to: &bytes)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            var isFirst = true
            for value in values where !escaping.isCut {
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                append(value, as: format, depth: depth + 1)
            }
            bytes.append(UInt8(ascii: "]"))
        case .dictionary(let values):
            bytes.append(UInt8(ascii: "{"))
            var isFirst = true
            for (key, value) in values.sorted(by: { $0.key < $1.key }) where !escaping.isCut {
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                escaping.append(key, style: style, to: &bytes)
                bytes.append(UInt8(ascii: format == .json ? ":" : "="))
                append(value, as: format, depth: depth + 1)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }
}

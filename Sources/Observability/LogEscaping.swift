/// Puts strings of unknown origin into a log line so that they stay what they are: one value.
///
/// Escaped are what JSON demands, and what makes a terminal or a pager show something else than is there: DEL, the C1
/// controls, line and paragraph separators, and the marks that reverse the direction of text.
struct LogEscaping {
    enum Style {
        /// In quotes, always.
        case quoted
        /// Bare if it is a plain word.
        case word
        /// Bare if it is plain words, and none of them looks like `key=value`.
        case message
    }

    /// The length of a line from which on strings are cut.
    let limit: Int
    /// Whether a string was cut; all that follow it are empty.
    private(set) var isCut = false

    private static let mark = "…[cut]"

    init(limit: Int) {
        self.limit = limit
    }

    /// Appends `string` to `bytes`, escaped as `style` asks.
    mutating func append(_ string: String, style: Style, to bytes: inout [UInt8]) {
        var string = string
        string.withUTF8 { utf8 in
            if style != .quoted, Self.isBare(utf8, as: style) {
                guard !isCut else { return }
                appendPlain(utf8[...], to: &bytes)
                return
            }
            bytes.append(UInt8(ascii: "\""))
            // The length is looked at here too: empty strings would never reach the limit.
            if !isCut, bytes.count >= limit { cut(&bytes) }
            if !isCut { appendEscaped(utf8, to: &bytes) }
            bytes.append(UInt8(ascii: "\""))
        }
    }

    private mutating func appendEscaped(_ utf8: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        var start = 0
        var index = 0
        while index < utf8.count {
            let length = Self.specialLength(utf8, at: index)
            guard length > 0 else {
                index += 1
                continue
            }
            guard appendPlain(utf8[start..<index], to: &bytes) else { return }
            guard bytes.count + 6 <= limit else {
                cut(&bytes)
                return
            }
            Self.appendEscape(of: utf8[index..<(index + length)], to: &bytes)
            index += length
            start = index
        }
        appendPlain(utf8[start...], to: &bytes)
    }

    /// Appends as many whole characters as there is room for, and returns whether these were all.
    @discardableResult
    private mutating func appendPlain(_ utf8: Slice<UnsafeBufferPointer<UInt8>>, to bytes: inout [UInt8]) -> Bool {
        let room = max(limit - bytes.count, 0)
        guard utf8.count > room else {
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8))
            return true
        }
        var end = utf8.startIndex + room
        while end > utf8.startIndex, utf8[end] & 0xC0 == 0x80 { end -= 1 }  // not inside a character
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[..<end]))
        cut(&bytes)
        return false
    }

    private mutating func cut(_ bytes: inout [UInt8]) {
        bytes.append(contentsOf: Self.mark.utf8)
        isCut = true
    }

    private static func isBare(_ utf8: UnsafeBufferPointer<UInt8>, as style: Style) -> Bool {
        for index in utf8.indices {
            switch utf8[index] {
            case UInt8(ascii: "="): return false
            case UInt8(ascii: "\\"): continue  // means itself outside quotes
            case UInt8(ascii: " "), UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
                UInt8(ascii: "}"):
                if style == .word { return false }
            default:
                if specialLength(utf8, at: index) > 0 { return false }
            }
        }
        return !utf8.isEmpty
    }

    /// How many bytes at `index` make a character that is escaped; 0 if it is not.
    private static func specialLength(_ utf8: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
        let byte = utf8[index]
        if byte < 0x7F { return byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? 1 : 0 }
        switch byte {
        case 0x7F: return 1
        case 0xC2 where index + 1 < utf8.count:  // U+0080 to U+009F
            return utf8[index + 1] < 0xA0 ? 2 : 0
        case 0xD8 where index + 1 < utf8.count:  // U+061C
            return utf8[index + 1] == 0x9C ? 2 : 0
        case 0xE2 where index + 2 < utf8.count:
            switch (utf8[index + 1], utf8[index + 2]) {
            case (0x80, 0x8E...0x8F), (0x80, 0xA8...0xAE): return 3  // U+200E, U+200F, U+2028 to U+202E
            case (0x81, 0xA6...0xA9): return 3  // U+2066 to U+2069
            default: return 0
            }
        default: return 0
        }
    }

    private static func appendEscape(of utf8: Slice<UnsafeBufferPointer<UInt8>>, to bytes: inout [UInt8]) {
        guard let first = utf8.first else { return }
        bytes.append(UInt8(ascii: "\\"))
        switch first {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(first)
        case UInt8(ascii: "\n"): bytes.append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): bytes.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): bytes.append(UInt8(ascii: "t"))
        default:
            var scalar = UInt32(utf8.count == 1 ? first : utf8.count == 2 ? first & 0x1F : first & 0x0F)
            for byte in utf8.dropFirst() { scalar = scalar << 6 | UInt32(byte & 0x3F) }
            bytes.append(UInt8(ascii: "u"))
            for shift in [UInt32(12), 8, 4, 0] {
                let digit = UInt8(truncatingIfNeeded: scalar >> shift & 0xF)
                bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            }
        }
    }
}

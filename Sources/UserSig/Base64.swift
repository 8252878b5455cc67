/// Base64 with padding (RFC 4648 section 4) over a chosen alphabet.
///
/// Decoding is strict: text that this type would not have written itself is refused, so that bytes have exactly one text.
/// Foundation's decoder takes only the standard alphabet and ignores bits behind the last byte.
struct Base64: Sendable {
    /// The alphabet of RFC 4648: `TLS.sig` and `TLS.userbuf`.
    static let standard = Base64(plus: "+", slash: "/", padding: "=")
    /// The alphabet of a whole token, which is not the "URL and filename safe" one.
    static let token = Base64(plus: "*", slash: "-", padding: "_")

    /// The character of each value, 0 to 63.
    private let characters: [UInt8]
    /// The value of each character, ``invalid`` for those outside the alphabet.
    private let values: [UInt8]
    private let padding: UInt8

    private static let invalid: UInt8 = 0xFF

    private init(plus: String, slash: String, padding: Unicode.Scalar) {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + plus + slash
        characters = Array(alphabet.utf8)
        var values = [UInt8](repeating: Self.invalid, count: 256)
        for (value, character) in characters.enumerated() { values[Int(character)] = UInt8(value) }
        self.values = values
        self.padding = UInt8(ascii: padding)
    }

    /// The text of `bytes`, its length a multiple of four.
    func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var pending = 0
        for byte in bytes {
            bits = bits &<< 8 | UInt32(byte)
            pending += 8
            while pending >= 6 {
                pending -= 6
                text.append(characters[Int(bits >> UInt32(pending) & 63)])
            }
        }
        if pending > 0 { text.append(characters[Int(bits << UInt32(6 - pending) & 63)]) }
        while !text.count.isMultiple(of: 4) { text.append(padding) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of `text`, or nil unless `text` is exactly what ``encode(_:)`` gives for them.
    func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { text in
            let digits = text.prefix { $0 != padding }
            let tail = text.dropFirst(digits.count)
            guard text.count.isMultiple(of: 4), tail.count <= 2, tail.allSatisfy({ $0 == padding }) else { return nil }

            var bytes: [UInt8] = []
            bytes.reserveCapacity(text.count / 4 * 3)
            var bits: UInt32 = 0
            var pending: UInt32 = 0
            for digit in digits {
                let value = values[Int(digit)]
                guard value != Self.invalid else { return nil }
                bits = bits &<< 6 | UInt32(value)
                pending += 6
                if pending >= 8 {
                    pending -= 8
                    bytes.append(UInt8(truncatingIfNeeded: bits >> pending))
                }
            }
            let unused = bits & ((1 << pending) - 1)
            return unused == 0 ? bytes : nil
        }
    }
}

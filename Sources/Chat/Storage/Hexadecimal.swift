import ChatProtocol

/// Lower-case hexadecimal digits, two a byte.
package func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { text in
        var position = 0
        for byte in bytes {
            text[position] = hexDigit(byte >> 4)
            text[position + 1] = hexDigit(byte & 15)
            position += 2
        }
        return position
    }
}

private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
}

extension [UInt8] {
    /// The bytes that an even number of hexadecimal digits stands for; nil for any other text.
    package init?(hexadecimal text: String) {
        let digits = Array<UInt8>(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        self = []
        reserveCapacity(digits.count / 2)
        for position in stride(from: 0, to: digits.count, by: 2) {
            guard let high = UInt8(hexDigit: digits[position]), let low = UInt8(hexDigit: digits[position + 1])
            else { return nil }
            append(high << 4 | low)
        }
    }
}

/// A number as it stood in a JSON text: its digits are kept, whatever they come to.
package struct JSONNumber: Sendable, Equatable {
    /// By RFC 8259's grammar for numbers, so ASCII only.
    package let text: String

    /// - Parameter text: must follow the grammar; only the reader, which checked it, says so.
    init(checked text: String) {
        self.text = text
    }

    package init(_ integer: Int64) {
        text = String(integer)
    }

    /// The number's value, if that is an integer which fits; `34.0` and `1e2` are, `1.5` is not.
    ///
    /// Exact whatever the spelling: nothing goes through floating point.
    package var int64: Int64? {
        if let integer = Int64(text) { return integer }
        guard let (magnitude, isNegative) = wholeMagnitude else { return nil }
        return isNegative ? Int64(exactly: -Int128(magnitude)) : Int64(exactly: magnitude)
    }

    /// The nearest floating-point value; nil beyond the greatest finite one, zero below the least.
    package var double: Double? {
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// The value without its sign, if that is an integer of at most 19 digits.
    private var wholeMagnitude: (magnitude: UInt64, isNegative: Bool)? {
        var magnitude: UInt64 = 0  // the digits from the first to the last that is not zero
        var digitCount = 0  // how many those are
        var trailingZeros = 0  // zeros since the last digit that is not zero
        var fractionDigits = 0
        var isFraction = false
        var rest = text.utf8[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest.removeFirst() }
        while let byte = rest.first, byte | 0x20 != UInt8(ascii: "e") {
            rest.removeFirst()
            guard byte != UInt8(ascii: ".") else {
                isFraction = true
                continue
            }
            if isFraction { fractionDigits += 1 }
            guard byte != UInt8(ascii: "0") else {
                if digitCount > 0 { trailingZeros += 1 }
                continue
            }
            // Twenty digits that end in other than zero: no integer below 10 ^ 19, whatever the exponent.
            guard digitCount + trailingZeros < 19 else { return nil }
            for _ in 0..<trailingZeros { magnitude *= 10 }
            magnitude = magnitude * 10 + UInt64(byte - UInt8(ascii: "0"))
            digitCount += trailingZeros + 1
            trailingZeros = 0
        }
        guard digitCount > 0 else { return (0, isNegative) }
        let scale = Self.exponent(rest.dropFirst()) + trailingZeros - fractionDigits
        guard scale >= 0, scale <= 19 - digitCount else { return nil }
        for _ in 0..<scale { magnitude *= 10 }
        return (magnitude, isNegative)
    }

    /// The exponent after its `e`, or a bound beyond the length of any text if it is further from zero.
    private static func exponent(_ text: Substring.UTF8View) -> Int {
        let isNegative = text.first == UInt8(ascii: "-")
        var exponent = 0
        for byte in text where byte != UInt8(ascii: "-") && byte != UInt8(ascii: "+") {
            guard exponent < 1 << 56 else { break }
            exponent = exponent * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return isNegative ? -exponent : exponent
    }
}

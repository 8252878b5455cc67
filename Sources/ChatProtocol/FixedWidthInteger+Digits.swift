extension FixedWidthInteger {
    /// The number that a text of decimal digits alone stands for; nil for any other text, a sign among them.
    // Inlinable, so that each use is compiled for its own types; unspecialised, it costs a microsecond.
    @inlinable
    package init?(digits text: some StringProtocol) {
        guard !text.isEmpty else { return nil }
        var value: Self = 0
        for byte in text.utf8 {
            guard let digit = Self(exactly: byte &- 0x30), digit < 10 else { return nil }
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = product.addingReportingOverflow(digit)
            guard !isTooLarge, !overflows else { return nil }
            value = sum
        }
        self = value
    }
}

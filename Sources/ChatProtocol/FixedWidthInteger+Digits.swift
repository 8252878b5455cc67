extension FixedWidthInteger {
    /// The number that a text of decimal digits alone stands for; nil for any other text, a sign among them.
    package init?(digits text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.init(text, radix: 10)
    }
}

/// A text of any length in a row of a list: its beginning, and the whole for whoever opens it.
struct LongText: Sendable {
    /// How much of it is shown at once, in characters.
    private static let longestBeginning = 100

    /// Ends with a mark where something is left out.
    let beginning: String
    let whole: String
    let isCut: Bool

    init(_ text: String) {
        (whole, beginning) = (text, text.shortened(to: Self.longestBeginning))
        isCut = beginning != text
    }

    /// What it adds to a page, in bytes.
    fileprivate var weight: Int {
        let shown = isCut ? beginning + whole : whole
        return HTMLEscaping().escapeText(shown).utf8.count
    }
}

extension [LongText] {
    /// How many of the first ones a page has room for; the first always.
    ///
    /// - Parameter heaviest: how heavy they may be together, in bytes.
    func fitting(_ heaviest: Int) -> Int {
        var weight = 0
        let beyond = firstIndex { text in
            weight += text.weight
            return weight > heaviest
        }
        return Swift.max(beyond ?? count, Swift.min(count, 1))
    }
}

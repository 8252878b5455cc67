/// The texts that begin with another, as a range in the order of bytes: what an index can find.
package struct PrefixRange: Sendable, Equatable {
    /// The first of them.
    package let start: String
    /// The first text after all of them; nil when there is none.
    package let end: String?

    package init(_ prefix: String) {
        start = prefix
        var scalars = Array(prefix.unicodeScalars)
        var end: String?
        // UTF-8 orders as its code points do, so the next text ends in the next code point; after the last one there
        // is none, and the one before it moves on.
        while end == nil, let last = scalars.popLast() {
            // The surrogates are no scalars, and no text has them.
            let next = last == "\u{D7FF}" ? "\u{E000}" : Unicode.Scalar(last.value + 1)
            guard let next else { continue }
            scalars.append(next)
            end = scalars.reduce(into: "") { $0.unicodeScalars.append($1) }
        }
        self.end = end
    }
}

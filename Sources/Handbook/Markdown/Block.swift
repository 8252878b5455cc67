/// A part of a page that stands on lines of its own.
package indirect enum Block: Equatable {
    case heading(level: Int, [Inline])
    case paragraph([Inline])
    case code(language: String, text: String)
    case quote([Block])
    case list(List)
    case table(Table)

    package struct List: Equatable {
        /// The first number; nil of a list with bullets.
        package let start: Int?
        /// Whether its items stand close, without paragraphs of their own.
        package let isTight: Bool
        package let items: [[Block]]
    }

    package struct Table: Equatable {
        package enum Alignment: Equatable { case none, left, centre, right }

        /// One for each column.
        package let alignments: [Alignment]
        package let head: [[Inline]]
        package let rows: [[[Inline]]]
    }
}

/// A part of a line.
package indirect enum Inline: Equatable {
    case text(String)
    case code(String)
    case emphasis([Inline])
    case strong([Inline])
    case link(to: String, [Inline])
    /// A picture, and the words for who does not see it.
    case image(at: String, String)
}

extension [Inline] {
    /// The words alone.
    package var plainText: String {
        map { inline in
            switch inline {
            case .text(let text), .code(let text), .image(_, let text): text
            case .emphasis(let inner), .strong(let inner), .link(_, let inner): inner.plainText
            }
        }.joined()
    }
}

/// The names that the headings of a page can be reached by, as GitHub makes them.
package struct Anchors {
    private var uses: [String: Int] = [:]

    /// The name of the page's next heading: a second one with the same words gets a number.
    mutating func next(for title: String) -> String {
        var anchor = ""
        for character in title.lowercased() {
            if character == " " {
                anchor += "-"
            } else if character.isLetter || character.isNumber || character == "-" || character == "_" {
                anchor.append(character)
            }
        }
        let count = uses[anchor, default: 0]
        uses[anchor] = count + 1
        return count == 0 ? anchor : "\(anchor)-\(count)"
    }

    /// Those of all headings, in order.
    package static func all(in blocks: [Block]) -> [(level: Int, title: [Inline], anchor: String)] {
        var anchors = Anchors()
        return blocks.compactMap { block in
            guard case .heading(let level, let title) = block else { return nil }
            return (level, title, anchors.next(for: title.plainText))
        }
    }
}

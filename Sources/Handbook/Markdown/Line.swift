/// A line of Markdown, and what it begins.
struct Line {
    /// What opens a block of code.
    struct Fence {
        let mark: Character
        let count: Int
        let language: String
    }

    /// What opens an item of a list.
    struct ListMarker {
        /// Of the marker itself.
        let indentation: Int
        /// Where the item's text begins, which is where its other lines do.
        let width: Int
        /// Nil of a bullet.
        let number: Int?
        let rest: Substring

        var isOrdered: Bool { number != nil }
    }

    let indentation: Int
    /// Without the spaces around it.
    let text: Substring
    private let whole: Substring

    init(_ line: Substring) {
        whole = line
        let text = line.drop { $0 == " " }
        indentation = line.count - text.count
        self.text = text.dropLast { $0 == " " }
    }

    var isBlank: Bool { text.isEmpty }
    var isQuoted: Bool { text.first == ">" }

    /// Whether a paragraph ends before it, although no blank line stands between.
    var endsParagraph: Bool {
        if let marker = listMarker { return marker.number ?? 1 == 1 && !marker.rest.isEmpty }
        return isQuoted || headingLevel != nil || fence != nil || text.hasPrefix("<!--")
    }

    /// The line with its spaces but for so many at its beginning.
    func dropping(atMost count: Int) -> Substring {
        whole.dropFirst(min(count, indentation))
    }

    // MARK: Headings

    var headingLevel: Int? {
        let level = text.prefix { $0 == "#" }.count
        return (1...6).contains(level) && text.dropFirst(level).first == " " ? level : nil
    }

    var headingText: Substring { text.drop { $0 == "#" }.drop { $0 == " " } }

    // MARK: Code

    var fence: Fence? {
        guard let mark = text.first, mark == "`" || mark == "~" else { return nil }
        let count = text.prefix { $0 == mark }.count
        let information = text.dropFirst(count)
        guard count >= 3, mark == "~" || !information.contains("`") else { return nil }
        return Fence(
            mark: mark,
            count: count,
            language: information.drop { $0 == " " }.prefix { $0 != " " }.description
        )
    }

    func closes(_ fence: Fence) -> Bool {
        text.count >= fence.count && text.allSatisfy { $0 == fence.mark }
    }

    // MARK: Lists

    var listMarker: ListMarker? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let mark = text.dropFirst(digits.count).first
        guard let mark, digits.isEmpty ? "-*+".contains(mark) : (mark == "." || mark == ")") && digits.count < 10
        else { return nil }
        let length = digits.count + 1
        let rest = text.dropFirst(length)
        let spaces = rest.prefix { $0 == " " }.count
        guard spaces > 0 || rest.isEmpty else { return nil }
        return ListMarker(
            indentation: indentation,
            width: indentation + length + max(1, spaces),
            number: digits.isEmpty ? nil : Int(digits),
            rest: rest.dropFirst(spaces)
        )
    }

    // MARK: Tables

    /// The cells of a row; a bar in a cell is written `\|`.
    var cells: [String] {
        var cells = [""]
        var isEscaped = false
        for character in text {
            switch character {
            case "|" where isEscaped: cells[cells.count - 1].removeLast()
            case "|":
                cells.append("")
                continue
            default: break
            }
            cells[cells.count - 1].append(character)
            isEscaped = character == "\\" && !isEscaped
        }
        if text.first == "|" { cells.removeFirst() }
        if cells.last?.allSatisfy({ $0 == " " }) == true, cells.count > 1 { cells.removeLast() }
        return cells.map { String($0.drop { $0 == " " }.dropLast { $0 == " " }) }
    }

    /// How the columns are aligned, when it is the line under a table's head.
    var alignments: [Block.Table.Alignment]? {
        guard text.contains("-"), text.contains("|"), text.allSatisfy({ "|-: ".contains($0) }) else { return nil }
        var alignments: [Block.Table.Alignment] = []
        for cell in cells {
            guard cell.drop(while: { $0 == ":" }).first == "-" else { return nil }
            switch (cell.hasPrefix(":"), cell.hasSuffix(":")) {
            case (true, true): alignments.append(.centre)
            case (true, false): alignments.append(.left)
            case (false, true): alignments.append(.right)
            case (false, false): alignments.append(.none)
            }
        }
        return alignments
    }
}

extension Substring {
    /// Without the characters at the end that `condition` holds of.
    func dropLast(while condition: (Character) -> Bool) -> Substring {
        var rest = self
        while let last = rest.last, condition(last) { rest.removeLast() }
        return rest
    }
}

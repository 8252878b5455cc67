/// Reads Markdown: what the pages of `docs` use of CommonMark, and tables as GitHub has them.
///
/// Headings are those with `#`, code is fenced, HTML is shown as text but for comments, which are left out. A test
/// compares every page with what a whole implementation makes of it.
package struct BlockParser {
    private let lines: [Substring]
    private var next = 0

    private init(_ lines: [Substring]) {
        self.lines = lines
    }

    package static func blocks(of text: some StringProtocol) -> [Block] {
        blocks(in: Substring(text).split(separator: "\n", omittingEmptySubsequences: false))
    }

    private static func blocks(in lines: [Substring]) -> [Block] {
        var parser = BlockParser(lines)
        var blocks: [Block] = []
        while let block = parser.block() { blocks.append(block) }
        return blocks
    }

    private mutating func block() -> Block? {
        while next < lines.count {
            let line = Line(lines[next])
            if line.isBlank {
                next += 1
            } else if line.text.hasPrefix("<!--") {
                skipComment()
            } else if let fence = line.fence {
                return code(fence, indentation: line.indentation)
            } else if let level = line.headingLevel {
                next += 1
                return .heading(level: level, InlineParser.inlines(of: line.headingText))
            } else if line.isQuoted {
                return quote()
            } else if let marker = line.listMarker {
                return list(marker)
            } else if let table = table() {
                return table
            } else {
                return paragraph()
            }
        }
        return nil
    }

    private mutating func skipComment() {
        while next < lines.count, !lines[next].contains("-->") { next += 1 }
        next += 1
    }

    private mutating func code(_ fence: Line.Fence, indentation: Int) -> Block {
        next += 1
        var text = ""
        while next < lines.count {
            let line = Line(lines[next])
            next += 1
            if line.closes(fence) { break }
            text += line.dropping(atMost: indentation) + "\n"
        }
        return .code(language: fence.language, text: text)
    }

    private mutating func quote() -> Block {
        var inner: [Substring] = []
        while next < lines.count, case let line = Line(lines[next]), line.isQuoted {
            let rest = line.text.dropFirst()
            inner.append(rest.first == " " ? rest.dropFirst() : rest)
            next += 1
        }
        return .quote(Self.blocks(in: inner))
    }

    private mutating func paragraph() -> Block {
        var parts: [Substring] = []
        while next < lines.count {
            let line = Line(lines[next])
            guard !line.isBlank, parts.isEmpty || !line.endsParagraph, parts.isEmpty || !isTableHead(at: next)
            else { break }
            parts.append(line.text)
            next += 1
        }
        return .paragraph(InlineParser.inlines(of: parts.joined(separator: "\n")))
    }

    // MARK: Lists

    private mutating func list(_ first: Line.ListMarker) -> Block {
        var items: [[Substring]] = []
        var isTight = true
        while next < lines.count {
            let line = Line(lines[next])
            guard let marker = line.listMarker, marker.isOrdered == first.isOrdered,
                marker.indentation == first.indentation
            else { break }
            let (item, endsBlank) = item(marker)
            items.append(item)
            // A blank line between two items, or between two blocks of one, makes them paragraphs.
            let goesOn = next < lines.count && Line(lines[next]).listMarker?.indentation == first.indentation
            if (endsBlank && goesOn) || Self.isLoose(item) { isTight = false }
        }
        return .list(Block.List(start: first.number, isTight: isTight, items: items.map(Self.blocks)))
    }

    /// The lines of an item without its marker and indentation, and whether blank ones follow it.
    private mutating func item(_ marker: Line.ListMarker) -> (lines: [Substring], endsBlank: Bool) {
        var item = [marker.rest]
        var blanks = 0
        next += 1
        while next < lines.count {
            let line = Line(lines[next])
            if line.isBlank {
                blanks += 1
            } else if line.indentation >= marker.width {
                item += Array(repeating: "", count: blanks) + [line.dropping(atMost: marker.width)]
                blanks = 0
            } else if blanks == 0, line.listMarker == nil, !line.endsParagraph {
                item.append(line.text)
            } else {
                break
            }
            next += 1
        }
        return (item, blanks > 0)
    }

    /// Whether a blank line stands between two blocks of an item, code apart.
    private static func isLoose(_ item: [Substring]) -> Bool {
        var fence: Line.Fence?
        for text in item {
            let line = Line(text)
            if let open = fence {
                if line.closes(open) { fence = nil }
            } else if let opened = line.fence {
                fence = opened
            } else if line.isBlank {
                return true
            }
        }
        return false
    }

    // MARK: Tables

    private mutating func table() -> Block? {
        guard isTableHead(at: next) else { return nil }
        let head = Line(lines[next]).cells
        let alignments = Line(lines[next + 1]).alignments ?? []
        next += 2
        var rows: [[[Inline]]] = []
        while next < lines.count, case let line = Line(lines[next]), !line.isBlank, !line.endsParagraph {
            let cells = line.cells.prefix(alignments.count).map { InlineParser.inlines(of: $0) }
            rows.append(cells + Array(repeating: [], count: alignments.count - cells.count))
            next += 1
        }
        return .table(
            Block.Table(alignments: alignments, head: head.map { InlineParser.inlines(of: $0) }, rows: rows)
        )
    }

    private func isTableHead(at position: Int) -> Bool {
        guard position + 1 < lines.count, lines[position].contains("|"),
            let alignments = Line(lines[position + 1]).alignments
        else { return false }
        return alignments.count == Line(lines[position]).cells.count
    }
}

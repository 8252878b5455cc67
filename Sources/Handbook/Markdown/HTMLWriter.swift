/// Writes blocks as HTML; every text of a page is escaped.
package struct HTMLWriter {
    /// Where a link of the page leads when it is served; nil when to nowhere, so that only its words are shown.
    private let resolve: (String) -> String?
    private var html = ""
    private var anchors = Anchors()

    private init(resolve: @escaping (String) -> String?) {
        self.resolve = resolve
    }

    package static func html(of blocks: [Block], resolve: @escaping (String) -> String?) -> String {
        var writer = HTMLWriter(resolve: resolve)
        blocks.forEach { writer.write($0) }
        return writer.html
    }

    private mutating func write(_ block: Block) {
        switch block {
        case .heading(let level, let title):
            let anchor = anchors.next(for: title.plainText)
            html += "<h\(level) id=\"\(Self.escaped(anchor))\">\(inline(title))"
            if level > 1 {
                html +=
                    "<a class=\"anchor\" href=\"#\(Self.escaped(anchor))\" aria-label=\"Link to this section\">#</a>"
            }
            html += "</h\(level)>\n"
        case .paragraph(let words): html += "<p>\(inline(words))</p>\n"
        case .code(let language, let text):
            let attribute = language.isEmpty ? "" : " class=\"language-\(Self.escaped(language))\""
            html += "<pre tabindex=\"0\"><code\(attribute)>\(Self.escaped(text))</code></pre>\n"
        case .quote(let inner):
            html += "<blockquote>\n"
            inner.forEach { write($0) }
            html += "</blockquote>\n"
        case .list(let list): write(list)
        case .table(let table): write(table)
        }
    }

    private mutating func write(_ list: Block.List) {
        let tag = list.start == nil ? "ul" : "ol"
        let start = list.start.map { $0 == 1 ? "" : " start=\"\($0)\"" } ?? ""
        html += "<\(tag)\(start)>\n"
        for item in list.items {
            html += "<li>"
            for block in item {
                if list.isTight, case .paragraph(let words) = block {
                    html += inline(words)
                } else {
                    write(block)
                }
            }
            html += "</li>\n"
        }
        html += "</\(tag)>\n"
    }

    private mutating func write(_ table: Block.Table) {
        html += "<div class=\"table\" tabindex=\"0\"><table>\n<thead>\(row(table.head, table, "th"))</thead>\n"
        if !table.rows.isEmpty {
            html += "<tbody>\n" + table.rows.map { row($0, table, "td") + "\n" }.joined() + "</tbody>\n"
        }
        html += "</table></div>\n"
    }

    private func row(_ cells: [[Inline]], _ table: Block.Table, _ tag: String) -> String {
        let cells = zip(cells, table.alignments).map { words, alignment in
            "<\(tag)\(alignment.attribute)>\(inline(words))</\(tag)>"
        }
        return "<tr>" + cells.joined() + "</tr>"
    }

    private func inline(_ inlines: [Inline]) -> String {
        inlines.map { inline in
            switch inline {
            case .text(let text): Self.escaped(text)
            case .code(let text): "<code>\(Self.escaped(text))</code>"
            case .emphasis(let inner): "<em>\(self.inline(inner))</em>"
            case .strong(let inner): "<strong>\(self.inline(inner))</strong>"
            case .link(let target, let inner):
                resolve(target).map { "<a href=\"\(Self.escaped($0))\">\(self.inline(inner))</a>" }
                    ?? self.inline(inner)
            case .image(let target, let words):
                resolve(target).map { "<img src=\"\(Self.escaped($0))\" alt=\"\(Self.escaped(words))\">" }
                    ?? Self.escaped(words)
            }
        }.joined()
    }

    private static func escaped(_ text: some StringProtocol) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

extension Block.Table.Alignment {
    /// A class, because a page may hold no style of its own.
    fileprivate var attribute: String {
        switch self {
        case .none: ""
        case .left: " class=\"left\""
        case .centre: " class=\"centre\""
        case .right: " class=\"right\""
        }
    }
}

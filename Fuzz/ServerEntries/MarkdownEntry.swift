import FuzzEntries
import Handbook

extension Entry {
    /// A page of the documentation: whatever it says, what is served is HTML in which every text is escaped.
    static let markdown = Entry("markdown") { bytes throws(Objection) in
        let html = HTMLWriter.html(of: BlockParser.blocks(of: bytes.text)) { $0.hasPrefix("https://") ? $0 : nil }
        // By bytes: a mark that combines with the end of a tag makes one character of both.
        var rest = Array(html.utf8)[...]
        var open: [String] = []
        while let start = rest.firstIndex(of: UInt8(ascii: "<")) {
            rest = rest[(start + 1)...]
            let end = try demand(rest.firstIndex(of: UInt8(ascii: ">")), "a tag is not closed in \(html)")
            let tag = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            if tag.hasPrefix("/") {
                try demand(open.popLast() == String(tag.dropFirst()), "<\(tag)> closes nothing in \(html)")
            } else {
                let name = String(tag.prefix { $0 != " " })
                try demand(names.contains(name), "there is a tag \(name) in \(html)")
                let quotes = tag.utf8.count { $0 == UInt8(ascii: "\"") }
                try demand(quotes.isMultiple(of: 2), "an attribute is not closed in \(html)")
                open.append(name)
            }
        }
        try demand(open.isEmpty, "\(open) are not closed in \(html)")
    }

    private static let names: Set<String> = [
        "a", "blockquote", "code", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre", "strong",
        "table", "tbody", "td", "th", "thead", "tr", "ul",
    ]
}

/// What there is to read and in which order: what `docs/README.md` says.
package struct Contents {
    package struct Section {
        package let title: String
        package let pages: [Page]
    }

    package struct Page: Equatable {
        package let title: String
        /// In the repository.
        package let file: String
    }

    package let sections: [Section]

    package static let file = "docs/README.md"

    /// Reads the lists of the page: an item that begins with a link to a page is one of its section.
    package init(_ blocks: [Block]) {
        var sections: [Section] = []
        var title = ""
        for block in blocks {
            switch block {
            case .heading(_, let words): title = words.plainText
            case .list(let list):
                let pages = list.items.compactMap(Self.page)
                if !pages.isEmpty { sections.append(Section(title: title, pages: pages)) }
            case .paragraph, .code, .quote, .table: continue
            }
        }
        self.sections = sections
    }

    private static func page(_ item: [Block]) -> Page? {
        guard case .paragraph(let words)? = item.first, case .link(let target, let title)? = words.first,
            target.hasSuffix(".md")
        else { return nil }
        return Page(title: title.plainText, file: Library.path(target, from: file))
    }

    /// The listed page that a page is or belongs to: one that is not listed, to the list of its folder.
    func place(of file: String) -> String? {
        let files = sections.flatMap(\.pages).map(\.file)
        return [file, Library.path("README.md", from: file)].first(where: files.contains)
    }

    /// The pages before and after a page in the order of reading.
    package func neighbours(of file: String) -> (before: Page?, after: Page?) {
        let pages = sections.flatMap(\.pages)
        guard let place = pages.firstIndex(where: { $0.file == file }) else { return (nil, nil) }
        return (place > 0 ? pages[place - 1] : nil, place + 1 < pages.count ? pages[place + 1] : nil)
    }
}

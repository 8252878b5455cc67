import Mustache
package import Web

/// The pages of `docs` as a browser reads them, under `/docs`.
///
/// Made from Markdown each time that one is asked for: only `rostrum dev` serves them, to the person who sits before it.
package struct Handbook: Sendable {
    private let library: Library

    package init() {
        library = .own
    }

    package init(_ library: Library) {
        self.library = library
    }

    /// Where the first page is.
    package static let path = "/docs"

    /// Whether a path is the documentation's, whether or not there is a page.
    package static func covers(_ path: Substring) -> Bool {
        path == Self.path || path.hasPrefix(Self.path + "/")
    }

    /// What is at a path; nil when nothing is.
    package func file(at path: Substring) -> WebFile? {
        if path == "/docs/docs.css" { return .documentationStyle }
        let place = path.hasSuffix("/") ? path.dropLast() : path
        if let page = library.page(at: place) { return .page(html(of: page)) }
        guard let name = library.plainFile(at: path), let bytes = library.files[name] else { return nil }
        return name.hasSuffix(".svg") ? .figure(bytes) : .text(bytes)
    }

    /// What is shown where nothing is.
    package var missing: WebFile {
        let blocks = BlockParser.blocks(
            of: "# No such page\n\nThere is nothing at this address. The [list of pages](README.md) has what there is."
        )
        return .page(html(of: blocks, file: nil))
    }

    private func html(of file: String) -> String {
        html(of: blocks(of: file), file: file)
    }

    private func blocks(of file: String) -> [Block] {
        BlockParser.blocks(of: String(decoding: library.files[file] ?? [], as: UTF8.self))
    }

    private func html(of blocks: [Block], file: String?) -> String {
        let contents = Contents(self.blocks(of: Contents.file))
        let headings = Anchors.all(in: blocks)
        let place = file.flatMap(contents.place)
        let (before, after) = file.map(contents.neighbours) ?? (nil, nil)
        let page = PageView(
            title: headings.first?.title.plainText ?? "",
            sections: contents.sections.map { section in
                PageView.Section(
                    title: section.title,
                    pages: section.pages.map {
                        link($0, current: $0.file != place ? nil : place == file ? "page" : "true")
                    }
                )
            },
            outline: PageView.Outline(
                headings.filter { $0.level == 2 }.map {
                    PageView.Link(title: $0.title.plainText, address: "#" + $0.anchor)
                }
            ),
            before: before.map { link($0) },
            after: after.map { link($0) },
            source: file,
            article: HTMLWriter.html(of: blocks) { target in
                // No page is where the name of a missing one would lead.
                library.target(of: target, in: file ?? Contents.file)
            }
        )
        return Self.template.render(page)
    }

    private func link(_ page: Contents.Page, current: String? = nil) -> PageView.Link {
        PageView.Link(title: page.title, address: library.address(of: page.file) ?? Self.path, current: current)
    }

    private static let template: MustacheTemplate = {
        do {
            return try MustacheTemplate(string: WebFile.documentationTemplate)
        } catch {
            // It is part of the program, and a test renders it.
            preconditionFailure("the template of the documentation: \(error)")
        }
    }()
}

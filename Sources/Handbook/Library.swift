import Web

/// The files of the documentation that the program has in itself, by their paths in the repository.
package struct Library {
    /// Text in UTF-8.
    package let files: [String: [UInt8]]

    package static let own = Library(files: WebFile.documentation)

    package init(files: [String: [UInt8]]) {
        self.files = files
    }

    /// Where a file is served; nil when it is none of these.
    ///
    /// `docs/x.md` is the page `/docs/x`, `docs/x/README.md` the page `/docs/x`; what is no Markdown keeps its name.
    package func address(of file: String) -> String? {
        guard files[file] != nil else { return nil }
        guard file.hasPrefix("docs/") else { return "/docs/" + file }
        guard file.hasSuffix(".md") else { return "/" + file }
        let page = file.dropLast(".md".count)
        return "/" + (page.hasSuffix("/README") ? page.dropLast("/README".count) : page)
    }

    /// The Markdown of the page at a path; nil when there is none.
    func page(at path: Substring) -> String? {
        guard !path.hasSuffix("/README") else { return nil }
        let name = String(path.dropFirst())
        return ["\(name)/README.md", "\(name).md"].first { files[$0] != nil }
    }

    /// The file that is served as it is at a path: a page's Markdown, or what a page speaks of.
    func plainFile(at path: Substring) -> String? {
        guard path.hasPrefix("/docs/") else { return nil }
        return [String(path.dropFirst()), String(path.dropFirst("/docs/".count))].first { files[$0] != nil }
    }

    /// Where a link in a file leads; nil when to something that is not served.
    func target(of link: String, in file: String) -> String? {
        if link.hasPrefix("https://") || link.hasPrefix("http://") || link.hasPrefix("#") { return link }
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        guard let place = address(of: Self.path(String(parts[0]), from: file)) else { return nil }
        return parts.count == 2 ? "\(place)#\(parts[1])" : place
    }

    /// The path in the repository that a relative one means in a file.
    package static func path(_ relative: String, from file: String) -> String {
        var parts = file.split(separator: "/").dropLast()
        for part in relative.split(separator: "/") where part != "." {
            if part == ".." { parts = parts.dropLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}

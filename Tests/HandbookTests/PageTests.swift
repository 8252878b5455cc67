import FoundationEssentials
import Handbook
import Testing
import Web

/// The pages of `docs`, as they are in the program.
@Suite struct PageTests {
    private static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/")
    private static let library = Library.own
    private static let pages = library.files.keys.filter { $0.hasSuffix(".md") && $0.hasPrefix("docs/") }.sorted()

    private static func blocks(_ file: String) -> [Block] {
        BlockParser.blocks(of: String(decoding: library.files[file] ?? [], as: UTF8.self))
    }

    private static func anchors(_ file: String) -> [String] {
        Anchors.all(in: blocks(file)).map(\.anchor)
    }

    @Test("the program has every file of docs and examples, as it is")
    func complete() throws {
        var files: Set<String> = []
        for folder in ["docs", "examples"] {
            for case let name in try FileManager.default.subpathsOfDirectory(atPath: "\(Self.root)/\(folder)")
            where folder == "examples" || name.hasSuffix(".md") || name.hasSuffix(".svg") {
                var isDirectory = false
                let path = "\(Self.root)/\(folder)/\(name)"
                guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory,
                    !name.split(separator: "/").contains(where: { $0.hasPrefix(".") || $0 == "__pycache__" })
                else { continue }
                files.insert("\(folder)/\(name)")
                let bytes = try #require(FileManager.default.contents(atPath: path))
                // Not in the expectation, which would print both.
                let isSame = Self.library.files["\(folder)/\(name)"] == Array(bytes)
                #expect(isSame, "\(name): run `make docs`")
            }
        }
        #expect(files == Set(Self.library.files.keys), "run `make docs`")
    }

    @Test("every page begins with its title, and has no other of that rank", arguments: pages)
    func titles(file: String) throws {
        let blocks = Self.blocks(file)
        guard case .heading(level: 1, _)? = blocks.first else {
            Issue.record("\(file) begins with something else")
            return
        }
        #expect(Anchors.all(in: blocks).count { $0.level == 1 } == 1)
    }

    @Test("every link leads to a page and a heading that are there", arguments: pages)
    func links(file: String) throws {
        for target in Self.links(in: Self.blocks(file)) {
            if target.hasPrefix("http") {
                #expect(target.hasPrefix("https://") || target.hasPrefix("http://127.0.0.1:8080"), "\(target)")
                continue
            }
            let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let path = parts[0].isEmpty ? file : Library.path(String(parts[0]), from: file)
            if Self.library.files[path] == nil {
                #expect(FileManager.default.fileExists(atPath: "\(Self.root)/\(path)"), "\(file): \(target)")
                #expect(!path.hasPrefix("docs/"), "\(file): \(target) is not served")
            } else if parts.count == 2 {
                #expect(Self.anchors(path).contains(String(parts[1])), "\(file): \(target)")
            }
        }
    }

    @Test("every page but the decisions and commands, which have lists of their own, is in the order of reading, once")
    func contents() throws {
        let contents = Contents(Self.blocks(Contents.file))
        let listed = contents.sections.flatMap(\.pages).map(\.file)
        #expect(Set(listed).count == listed.count)
        let others = Self.pages.filter { $0.hasPrefix("docs/decisions/") || $0.hasPrefix("docs/commands/") }
        #expect(
            Set(listed)
                == Set(Self.pages).subtracting(others).subtracting([Contents.file])
                .union(["docs/commands/README.md"])
        )
        for (list, folder) in [
            ("docs/commands/README.md", "docs/commands/"), ("docs/architecture.md", "docs/decisions/"),
        ] {
            let linked = Set(Self.links(in: Self.blocks(list)).map { Library.path($0, from: list) })
            for page in others where page.hasPrefix(folder) && page != list {
                #expect(linked.contains(page), "\(list) does not lead to \(page)")
            }
        }
        let first = try #require(listed.first)
        #expect(contents.neighbours(of: first).before == nil)
        #expect(contents.neighbours(of: first).after?.file == listed.dropFirst().first)
        #expect(contents.neighbours(of: Contents.file) == (nil, nil))
    }

    @Test("a page is found at its address, and its Markdown beside it", arguments: pages)
    func addresses(file: String) throws {
        let handbook = Handbook()
        let address = try #require(Self.library.address(of: file))
        for path in [address, address + "/"] {
            let page = try #require(handbook.file(at: path[...]), "\(path)")
            #expect(page.contentType == "text/html; charset=utf-8")
            let html = String(decoding: page.bytes, as: UTF8.self)
            #expect(html.contains("<title>") && html.contains("<article>") && !html.contains("{{address"))
        }
        let markdown = try #require(handbook.file(at: "/\(file)"))
        #expect(markdown.bytes == Self.library.files[file])
        #expect(markdown.contentType == "text/plain; charset=utf-8")
    }

    @Test("a figure is found at its address, and a page shows it")
    func figures() throws {
        let library = Library(files: [
            "docs/README.md": Array("# All\n".utf8), "docs/x.md": Array("# X\n\n![Growth](images/x.svg)\n".utf8),
            "docs/images/x.svg": Array("<svg/>".utf8),
        ])
        let figure = try #require(Handbook(library).file(at: "/docs/images/x.svg"))
        #expect(figure.contentType.hasPrefix("image/svg+xml"))
        #expect(figure.bytes == Array("<svg/>".utf8))
        let page = try #require(Handbook(library).file(at: "/docs/x"))
        #expect(
            String(decoding: page.bytes, as: UTF8.self).contains("<img src=\"/docs/images/x.svg\" alt=\"Growth\">")
        )
    }

    @Test("a page says where it stands, and a missing one that it is missing")
    func frame() throws {
        let library = Library(files: [
            "docs/README.md": Array(
                "# All\n\n## Begin\n\n- [One](one.md): a\n- [Two & more](two.md)\n- [Parts](parts/README.md)\n".utf8
            ),
            "docs/parts/README.md": Array("# Parts\n".utf8),
            "docs/parts/a.md": Array("# A part\n".utf8),
            "docs/one.md": Array(
                "# One\n\n[two](two.md#b), [self](#a), [code](../Sources/x), [file](../examples/y)".utf8
            ),
            "docs/two.md": Array("# Two\n\n## a\n\n## b\n\n## c\n".utf8),
            "examples/y": Array("text".utf8),
        ])
        let handbook = Handbook(library)
        let one = try #require(handbook.file(at: "/docs/one"))
        let html = String(decoding: one.bytes, as: UTF8.self)
        #expect(html.contains(#"<a href="/docs/one" aria-current="page">One</a>"#))
        #expect(html.contains(#"<a href="/docs/two">Two &amp; more</a>"#))
        #expect(html.contains(##"<a href="/docs/two#b">two</a>, <a href="#a">self</a>, code, "##))
        #expect(html.contains(#"<a href="/docs/examples/y">file</a>"#))
        #expect(html.contains("class=\"after\"") && !html.contains("class=\"before\"") && !html.contains("outline"))
        let part = String(decoding: try #require(handbook.file(at: "/docs/parts/a")).bytes, as: UTF8.self)
        #expect(part.contains(#"<a href="/docs/parts" aria-current="true">Parts</a>"#))
        let two = String(decoding: try #require(handbook.file(at: "/docs/two")).bytes, as: UTF8.self)
        #expect(two.contains("class=\"before\"") && two.contains(##"<a href="#c">c</a></li>"##))
        #expect(handbook.file(at: "/docs/examples/y")?.bytes == Array("text".utf8))
        #expect(handbook.file(at: "/docs/docs.css")?.contentType == "text/css; charset=utf-8")
        for path in ["/docs/three", "/docs/../Package.swift", "/docs/one.html", "/docs//", "/docs/README"] {
            #expect(handbook.file(at: path[...]) == nil, "\(path)")
        }
        #expect(String(decoding: handbook.missing.bytes, as: UTF8.self).contains("No such page"))
    }

    private static func links(in blocks: [Block]) -> [String] {
        blocks.flatMap { block -> [String] in
            switch block {
            case .heading(_, let words), .paragraph(let words): links(in: words)
            case .code: []
            case .quote(let inner): links(in: inner)
            case .list(let list): links(in: list.items.flatMap(\.self))
            case .table(let table): links(in: (table.head + table.rows.flatMap(\.self)).flatMap(\.self))
            }
        }
    }

    private static func links(in inlines: [Inline]) -> [String] {
        inlines.flatMap { inline -> [String] in
            switch inline {
            case .text, .code: []
            case .emphasis(let inner), .strong(let inner): links(in: inner)
            case .link(let target, let inner): [target] + links(in: inner)
            case .image(let target, _): [target]
            }
        }
    }
}

import CWebFiles
import Crypto

/// A file that the program has in itself and serves as it is.
package struct WebFile: Sendable {
    /// Whose pages may load a file.
    package enum Audience: Sendable {
        case everybody
        /// Pages of the same server only.
        case thisServer
    }

    package let bytes: [UInt8]
    package let contentType: String
    package let audience: Audience
    /// Changes with the bytes; as it stands in an `ETag` header, quotes and all.
    package let entityTag: String

    private init(_ file: web_file, _ contentType: String, for audience: Audience) {
        self.init(Self.bytes(of: file), contentType, for: audience)
    }

    private init(_ bytes: [UInt8], _ contentType: String, for audience: Audience) {
        self.bytes = bytes
        (self.contentType, self.audience) = (contentType + "; charset=utf-8", audience)
        let digits = SHA256.hash(data: bytes).prefix(8).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        entityTag = "\"\(digits.joined())\""
    }

    private static func bytes(of file: web_file) -> [UInt8] {
        Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
    }
}

extension WebFile {
    /// The JavaScript SDK by the paths of its files.
    package static let sdk = [
        "/sdk/rostrum.js": WebFile(web_file_rostrum_js(), "text/javascript", for: .everybody),
        "/sdk/rostrum.d.ts": WebFile(web_file_rostrum_d_ts(), "application/typescript", for: .everybody),
    ]

    /// The emulator's demo page and what belongs to it, by path.
    package static let demo = [
        "/demo": page,
        "/demo/": page,
        "/demo/demo.css": WebFile(web_file_demo_css(), "text/css", for: .thisServer),
        "/demo/demo.js": WebFile(web_file_demo_js(), "text/javascript", for: .thisServer),
    ]

    private static let page = WebFile(web_file_demo_html(), "text/html", for: .thisServer)
}

// MARK: The console

extension WebFile {
    /// What the console's pages load, by path under `/console`.
    package static let console = [
        "accounts-import.js": WebFile(web_file_accounts_import_js(), "text/javascript", for: .thisServer),
        "console.css": WebFile(web_file_console_css(), "text/css", for: .thisServer),
        "console.js": WebFile(web_file_console_js(), "text/javascript", for: .thisServer),
        "console-posts.js": WebFile(web_file_console_posts_js(), "text/javascript", for: .thisServer),
        "monitor.js": WebFile(web_file_monitor_js(), "text/javascript", for: .thisServer),
    ]

    /// The console's templates, by name.
    package static var templates: [String: [UInt8]] { named(web_console_templates) }

    /// The words of the console in a language, in JSON; nothing when there are none.
    package static func texts(_ language: String) -> [UInt8] { named(web_console_texts)[language] ?? [] }

    private static func named(
        _ files: (UnsafeMutablePointer<Int>) -> UnsafePointer<web_named_file>?
    ) -> [String: [UInt8]] {
        var count = 0
        let first = files(&count)
        let all = UnsafeBufferPointer(start: first, count: count)
        return Dictionary(uniqueKeysWithValues: all.map { (String(cString: $0.name), bytes(of: $0.file)) })
    }
}

// MARK: The documentation

extension WebFile {
    /// What the documentation is made of, by path in the repository: its Markdown, and what that speaks of.
    package static var documentation: [String: [UInt8]] { named(web_documentation) }

    /// The template of a page.
    package static var documentationTemplate: String {
        String(decoding: bytes(of: web_file_docs_page()), as: UTF8.self)
    }

    package static let documentationStyle = WebFile(web_file_docs_css(), "text/css", for: .thisServer)

    /// A page that was made from the documentation.
    package static func page(_ html: String) -> WebFile {
        WebFile(Array(html.utf8), "text/html", for: .thisServer)
    }

    /// A file of the documentation as it is.
    package static func text(_ bytes: [UInt8]) -> WebFile {
        WebFile(bytes, "text/plain", for: .thisServer)
    }

    /// A figure of the documentation, in SVG.
    package static func figure(_ bytes: [UInt8]) -> WebFile {
        WebFile(bytes, "image/svg+xml", for: .thisServer)
    }
}

import ChatProtocol
import Foundation
import RostrumTesting
import Testing
import Web

/// The words of the pages: one file a language, with the same keys.
@Suite struct TextsTests {
    private static let languages = ["en", "zh-Hans", "ja"]

    private func keys(_ language: String) throws -> Set<String> {
        var keys: Set<String> = []
        func add(_ object: JSONObject, under prefix: String) {
            for member in object.members {
                switch member.value {
                case .object(let object): add(object, under: prefix + member.name + ".")
                default: keys.insert(prefix + member.name)
                }
            }
        }
        guard case .object(let object) = try JSONValue(parsing: WebFile.texts(language)) else { return [] }
        add(object, under: "")
        return keys
    }

    @Test("every language has every text", arguments: languages)
    func complete(language: String) throws {
        let (keys, english) = (try keys(language), try keys("en"))
        #expect(keys == english)
    }

    @Test("every text that a template asks for is there")
    func used() throws {
        let keys = try keys("en")
        for (name, template) in WebFile.templates {
            let text = String(decoding: template, as: UTF8.self)
            for match in text.matches(of: /\{\{[#^\/]?t\.([A-Za-z0-9.-]+)\}\}/) {
                #expect(keys.contains(String(match.output.1)), "\(name): \(match.output.1)")
            }
        }
    }

    /// What looks like a key in the sources: literals that begin as one, and what `texts[…]` and `.done(…)` are given.
    @Test("every text that a page asks for is there")
    func usedBySources() throws {
        let keys = try keys("en")
        let groups = Set(keys.compactMap { $0.contains(".") ? $0.split(separator: ".").first : nil })
        let sources = URL(filePath: #filePath).appending(path: "../../../Sources/Console").standardized
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var found = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            func expect(_ key: some StringProtocol) {
                found += 1
                #expect(keys.contains(String(key)), "\(file.lastPathComponent): \(key)")
            }
            for match in text.matches(of: /"([A-Za-z]+)((?:\.[A-Za-z0-9-]+)+)"/)
            where groups.contains(match.output.1) {
                expect(match.output.1 + match.output.2)
            }
            for match in text.matches(of: /texts\[\s*"([A-Za-z0-9-]+)"/) { expect(match.output.1) }
            for match in text.matches(of: /\.done\("([A-Za-z0-9-]+)"/) { expect("done.\(match.output.1)") }
            // Of a key that is put together, something must begin as it does.
            for match in text.matches(of: /texts\[\s*"([A-Za-z.]+\.)\\\(/) {
                #expect(keys.contains { $0.hasPrefix(match.output.1) }, "\(file.lastPathComponent): \(match.output.1)")
            }
        }
        #expect(found > 100)
    }

    @Test("no template prints anything unescaped, or has a script or style of its own")
    func safe() {
        #expect(!WebFile.templates.isEmpty)
        for (name, template) in WebFile.templates {
            let text = String(decoding: template, as: UTF8.self)
            for forbidden in ["{{{", "{{&", "<script>", "<style", " style=", " onclick=", " onsubmit=", "javascript:"] {
                #expect(!text.contains(forbidden), "\(name): \(forbidden)")
            }
        }
    }
}

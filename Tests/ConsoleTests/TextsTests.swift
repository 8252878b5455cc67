import ChatProtocol
import Foundation
import RostrumTesting
import Testing
import Web

/// The words of the pages: one file a language, with the same keys.
@Suite struct TextsTests {
    private static let languages = ["en", "zh-Hans", "ja"]

    private func texts(_ language: String) throws -> [String: String] {
        var texts: [String: String] = [:]
        func add(_ object: JSONObject, under prefix: String) {
            for member in object.members {
                switch member.value {
                case .object(let object): add(object, under: prefix + member.name + ".")
                case .string(let text): texts[prefix + member.name] = text
                default: Issue.record("\(prefix)\(member.name) is no text")
                }
            }
        }
        guard case .object(let object) = try JSONValue(parsing: WebFile.texts(language)) else { return [:] }
        add(object, under: "")
        return texts
    }

    private func keys(_ language: String) throws -> Set<String> { Set(try texts(language).keys) }

    private func sources(_ folder: String) throws -> [(name: String, text: String)] {
        let root = URL(filePath: #filePath).appending(path: "../../../Sources/\(folder)").standardized
        let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
        return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.map {
            ($0.lastPathComponent, try String(contentsOf: $0, encoding: .utf8))
        }
    }

    @Test("every language has every text", arguments: languages)
    func complete(language: String) throws {
        let (keys, english) = (try keys(language), try keys("en"))
        #expect(keys == english)
    }

    @Test("every language names the same {values}", arguments: languages)
    func values(language: String) throws {
        let (texts, english) = (try texts(language), try texts("en"))
        func names(_ text: String?) -> Set<Substring> { Set((text ?? "").matches(of: /\{\w+\}/).map(\.output)) }
        for (key, text) in texts { #expect(names(text) == names(english[key]), "\(key)") }
    }

    /// What is set somewhere is written there alone; spans that a page offers to choose from are names.
    @Test("no text has a limit written out", arguments: languages)
    func limits(language: String) throws {
        let unit = /[0-9][0-9,]* ?(MB|KiB|calls|minutes|hours|days|件|日|分|天|个|小时|時間)/
        for (key, text) in try texts(language) where !key.hasPrefix("monitor.") {
            #expect(text.firstMatch(of: unit) == nil, "\(key): \(text)")
        }
    }

    /// Words that stand for something which has another name here; what is meant otherwise is excepted.
    @Test(
        "a thing has one name in a language",
        arguments: [
            ("ja", "アプリ", ["アプリケーション", "認証アプリ", "アプリ独自の表示", "購読者のアプリ"]), ("ja", "鍵", []),
            ("ja", "端末", []), ("ja", "ロール", ["コントロール"]), ("ja", "監査", ["監査ログ"]), ("ja", "無効になっています", []),
            ("zh-Hans", "你", []), ("zh-Hans", "发帖", []), ("zh-Hans", "解散", []), ("zh-Hans", "命令", []),
            ("zh-Hans", "首页", []), ("zh-Hans", "响应", []),
        ]
    )
    func oneName(language: String, word: String, exceptions: [String]) throws {
        for (key, text) in try texts(language) {
            let rest = exceptions.reduce(text) { $0.replacing($1, with: "") }
            #expect(!rest.contains(word), "\(key): \(text)")
        }
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
        var found = 0
        for (name, text) in try sources("Console") {
            func expect(_ key: some StringProtocol) {
                found += 1
                #expect(keys.contains(String(key)), "\(name): \(key)")
            }
            for match in text.matches(of: /"([A-Za-z]+)((?:\.[A-Za-z0-9-]+)+)"/)
            where groups.contains(match.output.1) {
                expect(match.output.1 + match.output.2)
            }
            for match in text.matches(of: /texts\[\s*"([A-Za-z0-9-]+)"/) { expect(match.output.1) }
            for match in text.matches(of: /\.done\("([A-Za-z0-9-]+)"/) { expect("done.\(match.output.1)") }
            // Of a key that is put together, something must begin as it does.
            for match in text.matches(of: /texts\[\s*"([A-Za-z.]+\.)\\\(/) {
                #expect(keys.contains { $0.hasPrefix(match.output.1) }, "\(name): \(match.output.1)")
            }
        }
        #expect(found > 100)
    }

    /// A key is asked for by a template, stands in a source, or is put together there of words that stand in sources too.
    @Test("every text that is there is asked for")
    func needed() throws {
        let templates = WebFile.templates.values.map { String(decoding: $0, as: UTF8.self) }.joined()
        let console = try sources("Console").map(\.text).joined()
        let all = try console + ["Chat", "ChatProtocol", "UserSig"].flatMap { try sources($0).map(\.text) }.joined()
        let words = Set(all.matches(of: /[A-Za-z0-9]+/).map(\.output))
        let asked = Set(
            templates.matches(of: /\{\{[#^\/]?t\.([A-Za-z0-9.-]+)\}\}/).map(\.output.1)
                + console.matches(of: /"([A-Za-z0-9.-]+)"/).map(\.output.1)
        )
        let frames = console.matches(of: /"((?:[A-Za-z]+\.)+)\\\((?:[A-Za-z0-9.$()]+?\)([A-Za-z.]*)")?/).map {
            (beginning: $0.output.1, end: $0.output.2 ?? "")
        }
        #expect(frames.count > 20)
        for key in try keys("en") where !asked.contains(key[...]) {
            let isMade = frames.contains { frame in
                key.hasPrefix(frame.beginning) && key.hasSuffix(frame.end)
                    && key.dropFirst(frame.beginning.count).dropLast(frame.end.count)
                        .split { $0 == "." || $0 == "-" }.allSatisfy(words.contains)
            }
            #expect(isMade, "nothing asks for \(key)")
        }
    }

    @Test("what may scroll sideways has a name, and can be come to by keyboard")
    func scrolling() {
        for (name, template) in WebFile.templates {
            let text = String(decoding: template, as: UTF8.self)
            for match in text.matches(of: /<div class="table-box[^>]*>/) {
                let tag = match.output
                let isReached = tag.contains(#" tabindex="0" role="region" aria-label=""#)
                #expect(isReached, "\(name): \(tag)")
            }
        }
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

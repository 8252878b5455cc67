import ChatProtocol
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

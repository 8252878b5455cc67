import ChatProtocol
import Hummingbird
import Web

/// The words of the pages in one language, from one file: `Sources/Web/Console/texts/LANGUAGE.json`.
///
/// A key is the names of nested objects with dots between them. Templates write `{{t.channels.title}}`.
struct Texts: Sendable {
    /// As HTML and HTTP name it, such as `zh-Hans`.
    let language: String
    /// What its speakers call it.
    let name: String
    /// Nested, for the templates.
    let tree: [String: any Sendable]
    private let flat: [String: String]

    /// English is the first, and what everybody gets who wants none of them.
    static let all = [
        Texts("en", WebFile.texts("en")), Texts("zh-Hans", WebFile.texts("zh-Hans")), Texts("ja", WebFile.texts("ja")),
    ]

    init(_ language: String, _ json: [UInt8]) {
        self.language = language
        // The files are part of the program, and a test reads each.
        guard case .object(let object)? = try? JSONValue(parsing: json) else {
            preconditionFailure("the texts in \(language) are no JSON object")
        }
        var flat: [String: String] = [:]
        tree = Self.tree(object, under: "", &flat)
        self.flat = flat
        name = flat["language"] ?? language
    }

    private static func tree(
        _ object: JSONObject,
        under prefix: String,
        _ flat: inout [String: String]
    ) -> [String: any Sendable] {
        var tree: [String: any Sendable] = [:]
        for member in object.members {
            let name = member.name
            switch member.value {
            case .string(let text):
                tree[name] = text
                flat[prefix + name] = text
            case .object(let object): tree[name] = Self.tree(object, under: prefix + name + ".", &flat)
            default: continue
            }
        }
        return tree
    }

    var keys: Set<String> { Set(flat.keys) }

    func find(_ key: String) -> String? { flat[key] }

    /// The text, or the key where there is none; a test finds every key that is used.
    subscript(_ key: String) -> String { flat[key] ?? key }

    /// A text with what belongs in its `{names}`.
    subscript(_ key: String, _ values: [String: String]) -> String {
        self[key].replacing(/\{(\w+)\}/) { match in values[String(match.1)] ?? String(match.0) }
    }

    subscript(yesOrNo isSo: Bool) -> String { self[isSo ? "shell.yes" : "shell.no"] }

    /// The language that a visitor chose, else the first that his browser asks for.
    static func preferred(by request: Request) -> Texts {
        if let chosen = request.cookies[Self.cookie]?.value, let texts = all.first(where: { $0.language == chosen }) {
            return texts
        }
        // In order, as browsers write it; weights that say otherwise are rare.
        for wanted in (request.headers[.acceptLanguage] ?? "").split(separator: ",") {
            let tag = wanted.prefix { $0 != ";" }.lowercased().trimmingWhiteSpace
            if let texts = all.first(where: { tag.hasPrefix($0.language.prefix(2)) }) { return texts }
        }
        return all[0]
    }

    static let cookie = "rostrum_language"
}

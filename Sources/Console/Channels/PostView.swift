import Chat
import ChatProtocol

/// The article of Tencent's UI kit, which travels in the `Data` of a custom element.
///
/// Source: spec/official-channels.md D.
struct Article: Sendable {
    static let businessID = "official_account_tweet"

    let title: String
    let content: String
    let link: String?
    let picture: Picture?

    /// Nil unless the text is such an article.
    init?(_ data: String) {
        guard case .object(let object)? = try? JSONValue(parsing: Array(data.utf8)),
            object["businessID"] == .string(Self.businessID)
        else { return nil }
        title = object["title"].text
        content = object["content"].text
        link = object["link"].text.nonEmpty
        if case .object(let picture)? = object["imageInfo"] {
            self.picture = Picture(picture["url"].text, picture["width"], picture["height"])
        } else {
            picture = nil
        }
    }
}

/// Where a picture would be: it is not loaded, for no page asks anybody else for anything.
struct Picture: Sendable {
    let url: String
    /// Such as `800 × 600`; nil when nobody said.
    let measures: String?

    init(_ url: String, _ width: JSONValue?, _ height: JSONValue?) {
        self.url = url
        let numbers = [width, height].compactMap { value -> String? in
            guard case .number(let number)? = value, number.int64 != 0 else { return nil }
            return number.text
        }
        measures = numbers.count == 2 ? numbers.joined(separator: " × ") : nil
    }
}

/// A post as a subscriber sees it.
struct PostView: Sendable {
    /// One element; exactly one of these is there.
    struct Part: Sendable {
        var words: String?
        var image: Picture?
        var article: Article?
        var other: Other?
    }

    /// An element that apps show in their own way.
    struct Other: Sendable {
        let type: String
        let json: String
    }

    let parts: [Part]

    init(_ body: MessageBody) {
        let longest = PrettyJSON.longest / max(1, body.elements.count)
        parts = body.elements.map { Self.part($0, longest) }
    }

    /// The post in a few words, for a list.
    func summary(_ texts: Texts) -> String {
        let words = parts.map { part in
            if let words = part.words { return words }
            if part.image != nil { return "[\(texts["posts.kinds.image"])]" }
            return part.article?.title ?? part.other.map { "[\($0.type)]" } ?? ""
        }
        let line = words.joined(separator: " ").split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.shortened(to: 120)
    }

    /// - Parameter longest: JSON, in bytes.
    private static func part(_ element: JSONValue, _ longest: Int) -> Part {
        guard case .object(let object) = element, case .object(let content)? = object["MsgContent"] else {
            return Part(other: Other(type: "", json: PrettyJSON.text(element, atMost: longest)))
        }
        switch MessageElementType(rawValue: object["MsgType"].text) {
        case .text: return Part(words: content["Text"].text)
        case .image:
            guard case .array(let sizes)? = content["ImageInfoArray"], case .object(let size)? = sizes.first
            else { break }
            return Part(image: Picture(size["URL"].text, size["Width"], size["Height"]))
        case .custom:
            if let article = Article(content["Data"].text) { return Part(article: article) }
        default: break
        }
        let json = PrettyJSON.text(.object(content), atMost: longest)
        return Part(other: Other(type: object["MsgType"].text, json: json))
    }
}

extension JSONValue? {
    /// The text that is there; empty where there is none.
    fileprivate var text: String {
        if case .string(let text)? = self { text } else { "" }
    }
}

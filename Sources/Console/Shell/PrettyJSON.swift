import ChatProtocol

/// JSON for people to read, which makes no page heavy.
enum PrettyJSON {
    /// The longest text, in bytes; what would be longer when it is indented is shown in one line.
    ///
    /// Nested lists of nothing would become many times as long. A page shows two such texts at most.
    static let longest = 32_768

    /// The text with a member a line; as it is when it is no JSON.
    static func text(_ bytes: [UInt8]) -> String {
        (try? JSONValue(parsing: bytes))?.indentedText(atMost: longest) ?? String(decoding: bytes, as: UTF8.self)
    }

    /// - Parameter most: the longest, in bytes, where several share a page.
    static func text(_ value: JSONValue, atMost most: Int = longest) -> String {
        if let text = value.indentedText(atMost: most) { return text }
        var bytes: [UInt8] = []
        value.write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

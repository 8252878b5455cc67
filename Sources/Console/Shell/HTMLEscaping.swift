import Mustache

/// Has text stand in HTML as what it is, between tags and in an attribute.
///
/// It goes by bytes. The library's own goes by what is one character to a reader, and so does not find a `<` or a `"`
/// that a mark is combined with, while a browser reads the sign and the mark one after the other.
struct HTMLEscaping: MustacheContentType {
    /// What every template begins with, layouts and partials too: each says for itself how it escapes.
    static let preamble: String = {
        MustacheContentTypes.register(HTMLEscaping(), named: "ESCAPED")
        return "{{% CONTENT_TYPE: ESCAPED}}\n"
    }()

    func escapeText(_ text: String) -> String {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): escaped += "&amp;".utf8
            case UInt8(ascii: "<"): escaped += "&lt;".utf8
            case UInt8(ascii: ">"): escaped += "&gt;".utf8
            case UInt8(ascii: "\""): escaped += "&quot;".utf8
            case UInt8(ascii: "'"): escaped += "&#39;".utf8
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}

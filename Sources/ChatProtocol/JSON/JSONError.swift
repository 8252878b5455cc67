/// Why a text was refused as JSON, and where.
package struct JSONError: Error, Equatable, Sendable {
    /// How many bytes stand before the fault; the length of the text if it ends too early.
    package let offset: Int

    /// The fault in a short phrase without any of the text, such as "a duplicate member".
    package let reason: String
}

extension JSONError {
    static func noValue(at offset: Int) -> JSONError { .init(offset: offset, reason: "no value") }

    static func cutShort(at offset: Int) -> JSONError { .init(offset: offset, reason: "cut short") }

    static func byteOrderMark() -> JSONError { .init(offset: 0, reason: "a byte order mark") }

    static func notUTF8(at offset: Int) -> JSONError { .init(offset: offset, reason: "not UTF-8") }

    static func unexpectedCharacter(at offset: Int) -> JSONError {
        .init(offset: offset, reason: "an unexpected character")
    }

    static func trailingComma(at offset: Int) -> JSONError { .init(offset: offset, reason: "a trailing comma") }

    static func malformedNumber(at offset: Int) -> JSONError { .init(offset: offset, reason: "a malformed number") }

    static func unknownEscape(at offset: Int) -> JSONError { .init(offset: offset, reason: "an unknown escape") }

    static func loneSurrogate(at offset: Int) -> JSONError { .init(offset: offset, reason: "a lone surrogate") }

    static func controlCharacter(at offset: Int) -> JSONError {
        .init(offset: offset, reason: "a control character in a string")
    }

    static func duplicateMember(at offset: Int) -> JSONError { .init(offset: offset, reason: "a duplicate member") }

    static func nestedTooDeep(at offset: Int) -> JSONError {
        .init(offset: offset, reason: "nested deeper than \(JSONValue.deepestNesting) levels")
    }

    static func textAfterValue(at offset: Int) -> JSONError { .init(offset: offset, reason: "text after the value") }
}

package import ChatProtocol

/// How long a text may be, counted in bytes of UTF-8.
///
/// NUL is in no text: PostgreSQL could not keep it.
package struct TextRule: Sendable, Equatable {
    package let bytes: ClosedRange<Int>

    package init(bytes: ClosedRange<Int>) {
        self.bytes = bytes
    }

    package func allows(_ text: String) -> Bool {
        bytes.contains(text.utf8.count) && !text.utf8.contains(0)
    }

    /// - Parameters:
    ///   - name: what the text is of, as its writer knows it.
    ///   - tooLong: the code of a text over the limit, when it differs from `code`.
    package func demand(
        _ text: String,
        as name: String,
        or code: ErrorCode,
        tooLong: ErrorCode? = nil
    ) throws(ChatError) {
        guard !allows(text) else { return }
        let isTooLong = text.utf8.count > bytes.upperBound
        throw ChatError(
            isTooLong ? tooLong ?? code : code,
            "\(name) must be \(self); it has \(text.utf8.count) bytes."
        )
    }
}

extension TextRule: CustomStringConvertible {
    package var description: String {
        let length = bytes.lowerBound > 0 ? "\(bytes.lowerBound) to \(bytes.upperBound)" : "at most \(bytes.upperBound)"
        return "a string of \(length) bytes in UTF-8, without NUL"
    }
}

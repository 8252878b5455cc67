/// The name of a channel's message: its number in the channel and when it was sent, as in `71_1_1767229200`.
///
/// Source: spec/official-channels.md B.10.
package struct MessageKey: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The longest, in characters.
    package static let longest = 50

    /// The message's number in its channel, from 1.
    package let seq: Int64
    /// When the server took the message, in seconds since 1970.
    package let seconds: Int64

    /// - Parameters:
    ///   - seq: at least 1.
    ///   - seconds: at least 0.
    package init(seq: Int64, seconds: Int64) {
        (self.seq, self.seconds) = (seq, seconds)
    }

    /// The form as a regular expression.
    package static let pattern = "^[1-9][0-9]{0,18}_1_(0|[1-9][0-9]{0,18})$"

    /// Nil unless the text is spelt exactly as the server spells a key.
    package init?(rawValue: String) {
        guard rawValue.utf8.count <= Self.longest else { return nil }
        let parts = rawValue.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1] == "1", let seq = Self.number(parts[0]), seq >= 1,
            let seconds = Self.number(parts[2])
        else { return nil }
        self.init(seq: seq, seconds: seconds)
    }

    /// Nil unless the text is a number in digits alone, with no zero in front.
    private static func number(_ text: Substring) -> Int64? {
        guard text == "0" || text.utf8.first != UInt8(ascii: "0") else { return nil }
        return Int64(digits: text)
    }

    package var rawValue: String { "\(seq)_1_\(seconds)" }

    /// The key.
    package var description: String { rawValue }
}

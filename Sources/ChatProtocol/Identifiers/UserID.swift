/// The name of an account: 1 to 32 bytes, case-sensitive, compared byte by byte.
///
/// Letters, digits, `_` and `-` as documented, and of what is met in practice also `. @ # : + =`.
/// The prefixes `@TGS#`, `@TOA#` and `@RBT#` belong to groups, channels and chatbots.
///
/// Source: spec/accounts.md section 1.
public struct UserID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The longest, in bytes.
    public static let longest = 32

    /// The rule in words, for a caller who broke it.
    public static let rule =
        "1 to 32 of the characters A-Z a-z 0-9 _ - . @ # : + = and none of the prefixes @TGS# @TOA# @RBT#"

    private static let reservedPrefixes = ["@TGS#", "@TOA#", "@RBT#"]

    /// The name; ASCII, so that equality of strings is equality of bytes.
    public let rawValue: String

    /// Nil unless the text follows the rule.
    public init?(rawValue: String) {
        guard (1...Self.longest).contains(rawValue.utf8.count), rawValue.utf8.allSatisfy(Self.isAllowed),
            !Self.reservedPrefixes.contains(where: rawValue.hasPrefix)
        else { return nil }
        self.rawValue = rawValue
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "@"), UInt8(ascii: "#"),
            UInt8(ascii: ":"), UInt8(ascii: "+"), UInt8(ascii: "="):
            true
        default:
            false
        }
    }

    /// The rule as a regular expression and a length.
    package static let schema = JSONSchema.string(
        length: 1...longest,
        pattern: "^(?!\(reservedPrefixes.joined(separator: "|")))[A-Za-z0-9_.@#:+=-]+$"
    )

    /// The name.
    public var description: String { rawValue }

    /// Orders by bytes.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

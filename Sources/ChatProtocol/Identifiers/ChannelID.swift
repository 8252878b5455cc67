/// The name of an official channel: `@TOA#_` and more, at most 48 bytes of printable ASCII.
///
/// What a caller may choose is narrower than what may be asked for: IDs that begin with `@TOA#_@TOA#` are made by
/// the server alone.
///
/// Source: spec/official-channels.md A.3.
public struct ChannelID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Every ID begins with this.
    public static let prefix = "@TOA#_"
    /// Every ID that the server makes begins with this, and none that a caller chooses.
    public static let generatedPrefix = "@TOA#_@TOA#"
    /// The longest, in bytes.
    public static let longest = 48

    /// The ID; ASCII, so that equality of strings is equality of bytes.
    public let rawValue: String

    /// Nil unless the text is `@TOA#_` and at least one more character, all printable ASCII, at most 48 bytes.
    public init?(rawValue: String) {
        guard rawValue.utf8.count > Self.prefix.utf8.count, rawValue.utf8.count <= Self.longest,
            rawValue.utf8.starts(with: Self.prefix.utf8), rawValue.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        self.rawValue = rawValue
    }

    /// The form as a regular expression, but for the length.
    package static let pattern = "^\(prefix)[ -~]+$"

    /// Whether the server made the ID.
    public var isGenerated: Bool { rawValue.utf8.starts(with: Self.generatedPrefix.utf8) }

    /// An ID of the server's own making: the generated prefix and 12 letters or digits, about 71 random bits.
    ///
    /// - Parameter randomBytes: at least 12 bytes, each uniformly random; fewer make a shorter ID.
    public static func generated(from randomBytes: [UInt8]) -> ChannelID? {
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        let tail = randomBytes.prefix(12).map { alphabet[Int($0) % alphabet.count] }
        return ChannelID(rawValue: generatedPrefix + String(decoding: tail, as: UTF8.self))
    }

    /// The ID.
    public var description: String { rawValue }

    /// Orders by bytes.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

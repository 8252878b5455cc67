/// The number of an application: 1 to 4294967295, decimal on the wire.
///
/// Source: spec/conventions.md section 1.
public struct SDKAppID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number.
    public let rawValue: Int64

    /// Nil unless the number is between 1 and 4294967295.
    public init?(rawValue: Int64) {
        guard (1...Int64(UInt32.max)).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    /// Nil unless the text is such a number in decimal digits alone, without sign or leading zero.
    public init?(_ text: String) {
        guard text.utf8.count <= 10, text.utf8.first != 0x30, let number = Int64(digits: text) else { return nil }
        self.init(rawValue: number)
    }

    /// The decimal digits.
    public var description: String { String(rawValue) }

    /// Orders by number.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

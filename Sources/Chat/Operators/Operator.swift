/// What an operator may do in the console.
package enum OperatorRole: String, Codable, Sendable, CaseIterable, Comparable {
    /// Looks, and changes nothing.
    case readOnly = "read-only"
    /// Changes whatever belongs to an application, but sees no keys.
    case `operator`
    /// May do everything: applications, keys, tokens and other operators too.
    case owner

    package static func < (left: Self, right: Self) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .readOnly: 0
        case .operator: 1
        case .owner: 2
        }
    }
}

/// The name that an operator signs in with.
package struct OperatorName: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The longest, in characters, all of which are ASCII.
    package static let longest = 32
    /// The rule in words, for whoever broke it.
    package static let rule = "1 to \(longest) of the characters a-z 0-9 . _ - @ +, one of them a letter or digit"
    /// The characters of the rule, as an HTML field takes a pattern.
    package static let pattern = #"[._@+\-]*[a-z0-9][a-z0-9._@+\-]*"#

    package let rawValue: String

    /// Nil unless it keeps the rule.
    package init?(rawValue: String) {
        let others = Set(".-_@+".utf8)
        guard (1...Self.longest).contains(rawValue.utf8.count),
            rawValue.utf8.allSatisfy({ Self.isPlain($0) || others.contains($0) }),
            rawValue.utf8.contains(where: Self.isPlain)
        else { return nil }
        self.rawValue = rawValue
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }

    package var description: String { rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Somebody who may sign in to the console.
package struct Operator: Sendable, Equatable {
    package let name: OperatorName
    package let role: OperatorRole
    /// Whether signing in takes a code besides the password.
    package let hasSecondFactor: Bool
    package let createdAt: Timestamp
    /// When he last signed in, nil when he never did.
    package let signedInAt: Timestamp?
}

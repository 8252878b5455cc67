import ChatProtocol

/// The address of an application's backend for webhooks, without a query string: Rostrum adds its own.
///
/// Begins with `http://` or `https://`; the host is made of labels of letters, digits and hyphens (none leading,
/// trailing or doubled), each at most 63 characters, or is an IP address; then perhaps a port and a path. Printable
/// ASCII without space, `!`, `$`, `&`, `?` and `#`.
///
/// Source: spec/webhooks-official-channels.md section 1. The fragment and user names are refused by us: neither would
/// reach the backend as written.
package struct WebhookURL: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The longest, in bytes.
    package static let longest = 500

    /// The rule in words, for an operator who broke it.
    package static let rule = """
        http:// or https://, a host of letters, digits, single hyphens and dots or an IP address, perhaps :PORT and a \
        path, without space ! $ & ? # @, at most \(longest) characters
        """

    package let rawValue: String

    /// Nil unless the text follows the rule.
    package init?(rawValue: String) {
        guard rawValue.utf8.count <= Self.longest, rawValue.utf8.allSatisfy(Self.isAllowed) else { return nil }
        let rest: Substring
        if rawValue.hasPrefix("https://") {
            rest = rawValue.dropFirst("https://".count)
        } else if rawValue.hasPrefix("http://") {
            rest = rawValue.dropFirst("http://".count)
        } else {
            return nil
        }
        let authority = rest.prefix { $0 != "/" }
        guard let (host, port) = Self.parts(authority) else { return nil }
        guard port.map({ UInt16(digits: $0).map { $0 > 0 } ?? false }) ?? true else { return nil }
        guard Self.isBracketed(host) || Self.isHost(host) else { return nil }
        self.rawValue = rawValue
    }

    /// The URL.
    package var description: String { rawValue }

    /// The host and the port's text, which is nil when there is none.
    private static func parts(_ authority: Substring) -> (host: Substring, port: Substring?)? {
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let after = authority[authority.index(after: end)...]
            guard !after.isEmpty else { return (authority, nil) }
            guard after.first == ":" else { return nil }
            return (authority[...end], after.dropFirst())
        }
        guard let colon = authority.firstIndex(of: ":") else { return (authority, nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    /// Whether the host has the look of an IPv6 address in brackets; whether it is one shows when it is called.
    private static func isBracketed(_ host: Substring) -> Bool {
        host.first == "[" && host.last == "]" && host.count > 3
            && host.dropFirst().dropLast().utf8.allSatisfy { UInt8(hexDigit: $0) != nil || $0 == 0x3A || $0 == 0x2E }
    }

    /// Labels of a name; the digits and dots of an IPv4 address follow the same rule.
    private static func isHost(_ host: Substring) -> Bool {
        guard (1...253).contains(host.utf8.count) else { return false }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.allSatisfy(isLetterDigitOrHyphen)
                && label.first != "-" && label.last != "-" && !label.contains("--")
        }
    }

    private static func isLetterDigitOrHyphen(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        guard (0x21...0x7E).contains(byte) else { return false }
        return !"!$&?#@\\".utf8.contains(byte)
    }
}

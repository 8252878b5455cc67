import ChatProtocol

/// Tells this machine from others.
package enum Loopback {
    /// Whether an IP address in text is one of this machine's own: 127.0.0.0/8, ::1, or the first mapped into IPv6.
    package static func isAddress(_ address: String) -> Bool {
        let plain = address.hasPrefix("::ffff:") ? String(address.dropFirst(7)) : address
        if plain == "::1" { return true }
        let parts = plain.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8(digits: $0) != nil }
    }

    /// Whether a name or address, without a port, is this machine's.
    package static func isName(_ name: String) -> Bool {
        name.lowercased() == "localhost" || isAddress(name)
    }

    /// Whether the value of a `Host` header, port and all, names this machine.
    package static func isHost(_ host: String) -> Bool {
        var name = host[...]
        if let colon = name.lastIndex(of: ":"), name[name.index(after: colon)...].allSatisfy(\.isASCIIDigit) {
            name = name[..<colon]
        }
        if name.first == "[", name.last == "]" { name = name.dropFirst().dropLast() }
        return isName(String(name))
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}

import ChatProtocol

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A range of IP addresses in CIDR notation, or a single address.
package struct AddressRange: Sendable, Equatable {
    private let network: [UInt8]
    private let prefix: Int

    /// This machine.
    package static let loopback = ["127.0.0.0/8", "::1"].compactMap { AddressRange($0) }

    /// Nil unless the text is an IPv4 or IPv6 address, alone or with `/` and a prefix length that fits it.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let network = Self.bytes(String(parts[0])) else { return nil }
        let widest = network.count * 8
        if parts.count == 2 {
            guard let prefix = UInt8(digits: parts[1]).map(Int.init), prefix <= widest else { return nil }
            self.prefix = prefix
        } else {
            prefix = widest
        }
        self.network = network
    }

    package func contains(_ address: String) -> Bool {
        guard let bytes = Self.bytes(address) else { return false }
        return contains(bytes)
    }

    /// - Parameter bytes: an address as ``bytes(_:)`` gives it.
    package func contains(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == network.count else { return false }
        let whole = prefix / 8
        guard bytes.prefix(whole) == network.prefix(whole) else { return false }
        let rest = prefix % 8
        guard rest > 0 else { return true }
        return (bytes[whole] ^ network[whole]) >> (8 - rest) == 0
    }

    /// 4 or 16 bytes; an IPv4 address mapped into IPv6 counts as the IPv4 address.
    package static func bytes(_ address: String) -> [UInt8]? {
        // What C would take for the end of the text is no part of an address.
        guard !address.utf8.contains(0) else { return nil }
        var v4: [UInt8] = Array(repeating: 0, count: 4)
        if inet_pton(AF_INET, address, &v4) == 1 { return v4 }
        var v6: [UInt8] = Array(repeating: 0, count: 16)
        guard inet_pton(AF_INET6, address, &v6) == 1 else { return nil }
        let isMapped = v6.prefix(10).allSatisfy { $0 == 0 } && v6[10] == 0xFF && v6[11] == 0xFF
        return isMapped ? Array(v6.suffix(4)) : v6
    }
}

package import Addresses

/// Which addresses webhooks may reach.
///
/// Public ones, and what `--webhook-allow` names. The URL is written by whoever administers an application; without
/// this rule it could reach, through the server, into the network that the server stands in.
///
/// Source: IANA's registries of special-purpose addresses (RFC 6890).
package struct AddressPolicy: Sendable {
    private let allowed: [AddressRange]

    package init(allowing ranges: [AddressRange] = []) {
        allowed = ranges
    }

    /// - Parameter address: IPv4 or IPv6 as text, without brackets. What is no address is not permitted.
    package func permits(_ address: String) -> Bool {
        guard let bytes = AddressRange.bytes(address) else { return false }
        guard let carried = Self.ipv4(carriedBy: bytes) else {
            return isAllowed(bytes) || Self.isPublic(bytes)
        }
        return isAllowed(bytes) || isAllowed(carried) || Self.isPublic(carried)
    }

    private func isAllowed(_ bytes: [UInt8]) -> Bool {
        allowed.contains { $0.contains(bytes) }
    }

    private static func isPublic(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 4 else {
            return globalUnicast.contains { $0.contains(bytes) } && !reserved.contains { $0.contains(bytes) }
        }
        return !reserved.contains { $0.contains(bytes) }
    }

    /// The IPv4 address that a packet to this IPv6 address ends at.
    ///
    /// By NAT64 (RFC 6052), 6to4 (RFC 3056), or as IPv4-compatible (RFC 4291 section 2.5.5.1). One that is mapped into
    /// IPv6 never comes here: it counts as IPv4.
    private static func ipv4(carriedBy bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count == 16 else { return nil }
        if bytes.starts(with: [0x20, 0x02]) { return Array(bytes[2..<6]) }
        if bytes.starts(with: [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) { return Array(bytes[12...]) }
        // `::` and `::1` have this form too, and are something else.
        guard bytes.prefix(12).allSatisfy({ $0 == 0 }), bytes[12] != 0 else { return nil }
        return Array(bytes[12...])
    }

    /// All of IPv6 that is given out to be reached; what is outside is local, multicast or nobody's.
    private static let globalUnicast = ["2000::/3"].compactMap { AddressRange($0) }

    private static let reserved = [
        "0.0.0.0/8",  // this network
        "10.0.0.0/8",  // private
        "100.64.0.0/10",  // carrier-grade NAT
        "127.0.0.0/8",  // loopback
        "169.254.0.0/16",  // link-local, and where clouds keep their metadata
        "172.16.0.0/12",  // private
        "192.0.0.0/24",  // protocol assignments
        "192.0.2.0/24",  // documentation
        "192.88.99.0/24",  // 6to4 relays, withdrawn
        "192.168.0.0/16",  // private
        "198.18.0.0/15",  // benchmarks
        "198.51.100.0/24",  // documentation
        "203.0.113.0/24",  // documentation
        "224.0.0.0/4",  // multicast
        "240.0.0.0/4",  // reserved, broadcast
        "2001::/23",  // protocol assignments, among them Teredo
        "2001:db8::/32",  // documentation
        "3fff::/20",  // documentation
    ].compactMap { AddressRange($0) }
}

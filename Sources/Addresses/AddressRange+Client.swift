extension AddressRange {
    /// What of an address tells one client from another: all of an IPv4 address, and of an IPv6 address the network.
    ///
    /// Whoever has one address of a /64 network has all of them. What is no address is a client of its own.
    package static func client(_ address: String) -> [UInt8] {
        bytes(address).map { Array($0.prefix(8)) } ?? Array(address.utf8)
    }
}

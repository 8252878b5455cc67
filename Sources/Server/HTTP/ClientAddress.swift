package import Addresses
import NIOHTTP1
import WebSockets

/// Finds out who calls when proxies stand between.
///
/// Source: design section 7.
package struct ClientAddress: Sendable {
    let trustedProxies: [AddressRange]

    package init(trustedProxies: [AddressRange]) {
        self.trustedProxies = trustedProxies
    }

    /// The peer's address or, when the peer is a trusted proxy, the last address of `X-Forwarded-For` that is none.
    ///
    /// Read from the right, because a caller can write anything to the left of what the proxies add. An entry that is
    /// no IP address ends the search: what stands before it cannot be believed.
    ///
    /// - Parameter forwarded: the values of `X-Forwarded-For` in the order of the header lines.
    package func find(peer: String, forwarded: @autoclosure () -> [String]) -> String {
        guard !trustedProxies.isEmpty, isTrusted(peer) else { return peer }
        var nearest = peer
        let entries = forwarded().flatMap { $0.split(separator: ",") }
        for entry in entries.reversed() {
            let address = String(entry.filter { $0 != " " && $0 != "\t" })
            guard AddressRange.bytes(address) != nil else { return nearest }
            nearest = address
            if !isTrusted(address) { return address }
        }
        return nearest
    }

    /// The address of whoever asks for a live connection.
    func find(_ request: UpgradeRequest) -> String {
        find(peer: request.peer, forwarded: request.headers["x-forwarded-for"])
    }

    private func isTrusted(_ address: String) -> Bool {
        trustedProxies.contains { $0.contains(address) }
    }
}

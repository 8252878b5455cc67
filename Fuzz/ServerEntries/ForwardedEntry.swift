import Addresses
import FuzzEntries
import Server

extension Entry {
    /// `X-Forwarded-For`, a value in each line.
    static let forwardedFor = Entry("forwarded-for") { bytes throws(Objection) in
        let values = bytes.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let found = clients.find(peer: proxy, forwarded: values)
        let parts: [Substring] = values.flatMap { $0.split(separator: ",") }
        let entries = parts.map { part in String(part.filter { $0 != " " && $0 != "\t" }) }
        try demand(found == proxy || entries.contains(found), "\(found) is none of those that are said")
        try demand(AddressRange.bytes(found) != nil, "\(found) is no address")
        try demand(clients.find(peer: stranger, forwarded: values) == stranger, "a stranger is believed")
        // What a caller writes to the left of what the proxies add changes nothing.
        guard !trusted.contains(where: { $0.contains(found) }) else { return }
        let more = clients.find(peer: proxy, forwarded: ["198.51.100.7, 10.0.0.2"] + values)
        try demand(more == found, "a caller can pretend to be \(more)")
    }

    private static let proxy = "10.0.0.1"
    private static let stranger = "203.0.113.9"
    private static let trusted = ["10.0.0.0/8", "fd00::/8"].compactMap { AddressRange($0) }
    private static let clients = ClientAddress(trustedProxies: trusted)
}

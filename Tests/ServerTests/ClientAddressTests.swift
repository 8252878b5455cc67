import Addresses
import Server
import Testing

/// Who calls, seen through proxies that are trusted and no others (design section 7).
@Suite struct ClientAddressTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let peer: String
        let forwarded: [String]
        let caller: String

        init(_ what: String, peer: String, _ forwarded: [String], _ caller: String) {
            (testDescription, self.peer, self.forwarded, self.caller) = (what, peer, forwarded, caller)
        }
    }

    private static let trusted = ["10.0.0.0/8", "2001:db8::/32"].compactMap { AddressRange($0) }

    static let rows = [
        Row("no proxy and no header", peer: "192.0.2.1", [], "192.0.2.1"),
        Row("an untrusted peer that writes the header", peer: "192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
        Row("an untrusted peer that names a proxy", peer: "192.0.2.1", ["203.0.113.9, 10.0.0.1"], "192.0.2.1"),
        Row("a proxy without the header", peer: "10.0.0.1", [], "10.0.0.1"),
        Row("a proxy with an empty header", peer: "10.0.0.1", [""], "10.0.0.1"),
        Row("a proxy with commas alone", peer: "10.0.0.1", [" , ,"], "10.0.0.1"),
        Row("one proxy", peer: "10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        Row("two proxies", peer: "10.0.0.1", ["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        Row("three proxies in several lines", peer: "10.0.0.1", ["203.0.113.9", "10.0.0.3, 10.0.0.2"], "203.0.113.9"),
        Row("proxies of both kinds", peer: "10.0.0.1", ["203.0.113.9,2001:db8::5"], "203.0.113.9"),
        Row("an IPv6 caller", peer: "2001:db8::1", ["2a00::9"], "2a00::9"),
        Row("a spoofed left part", peer: "10.0.0.1", ["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
        Row("a spoofed left part in a line of its own", peer: "10.0.0.1", ["127.0.0.1", "203.0.113.9"], "203.0.113.9"),
        Row("a spoofed proxy left of the caller", peer: "10.0.0.1", ["10.9.9.9, 203.0.113.9"], "203.0.113.9"),
        Row("a caller from within the trusted range", peer: "10.0.0.1", ["10.0.0.7, 10.0.0.2"], "10.0.0.7"),
        Row("garbage next to the proxy", peer: "10.0.0.1", ["203.0.113.9, unknown"], "10.0.0.1"),
        Row("garbage between", peer: "10.0.0.1", ["203.0.113.9, x, 10.0.0.2"], "10.0.0.2"),
        Row("garbage left of the caller", peer: "10.0.0.1", ["<script>, 203.0.113.9"], "203.0.113.9"),
        Row("an entry with a port", peer: "10.0.0.1", ["203.0.113.9:4711"], "10.0.0.1"),
        Row("an obfuscated entry", peer: "10.0.0.1", ["203.0.113.9, _hidden, 10.0.0.2"], "10.0.0.2"),
        Row("an entry with NUL", peer: "10.0.0.1", ["203.0.113.9\0evil"], "10.0.0.1"),
        Row("spaces and tabs", peer: "10.0.0.1", ["\t203.0.113.9 ,\t10.0.0.2 "], "203.0.113.9"),
        Row("a mapped peer", peer: "::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        Row("a mapped proxy in the header", peer: "10.0.0.1", ["203.0.113.9, ::ffff:10.0.0.2"], "203.0.113.9"),
        Row("a peer that is not known", peer: "", ["203.0.113.9"], ""),
    ]

    @Test("the caller is the last address that is no trusted proxy's", arguments: rows)
    func caller(row: Row) {
        let found = ClientAddress(trustedProxies: Self.trusted).find(peer: row.peer, forwarded: row.forwarded)

        #expect(found == row.caller)
    }

    @Test("without trusted proxies the header is not even read", arguments: rows)
    func nobodyTrusted(row: Row) {
        var wasRead = false
        func forwarded() -> [String] {
            wasRead = true
            return row.forwarded
        }

        let found = ClientAddress(trustedProxies: []).find(peer: row.peer, forwarded: forwarded())

        #expect(found == row.peer)
        #expect(!wasRead)
    }

    @Test("a header of a hundred thousand entries is read once")
    func longHeader() {
        let entries = Array(repeating: "10.0.0.2", count: 100_000).joined(separator: ",")

        let found = ClientAddress(trustedProxies: Self.trusted).find(
            peer: "10.0.0.1",
            forwarded: ["203.0.113.9," + entries]
        )

        #expect(found == "203.0.113.9")
    }
}

import Addresses
import Testing

/// Addresses and ranges of them.
@Suite struct AddressRangeTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let range: String
        let inside: [String]
        let outside: [String]

        var testDescription: String { range }

        init(_ range: String, _ inside: [String], not outside: [String]) {
            (self.range, self.inside, self.outside) = (range, inside, outside)
        }
    }

    @Test(
        "what a range holds",
        arguments: [
            Row(
                "10.0.0.0/8",
                ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"],
                not: ["11.0.0.0", "9.255.255.255", "::a00:1"]
            ),
            Row("10.1.2.3/8", ["10.9.9.9"], not: ["11.1.2.3"]),
            Row("192.0.2.128/25", ["192.0.2.128", "192.0.2.255"], not: ["192.0.2.127", "192.0.3.128"]),
            Row("192.0.2.4/30", ["192.0.2.4", "192.0.2.7"], not: ["192.0.2.3", "192.0.2.8"]),
            Row("192.0.2.7", ["192.0.2.7", "::ffff:192.0.2.7"], not: ["192.0.2.6", "192.0.2.8"]),
            Row("192.0.2.7/32", ["192.0.2.7"], not: ["192.0.2.6"]),
            Row("128.0.0.0/1", ["128.0.0.0", "255.255.255.255"], not: ["127.255.255.255"]),
            Row("0.0.0.0/0", ["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"], not: ["::1", "2001:db8::1"]),
            Row("::/0", ["::", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], not: ["1.2.3.4", "::ffff:1.2.3.4"]),
            Row("::1", ["::1", "0:0:0:0:0:0:0:1"], not: ["::2", "127.0.0.1"]),
            Row("2001:db8::/32", ["2001:db8::", "2001:DB8:ffff::1"], not: ["2001:db9::", "2001:db7:ffff::"]),
            Row("2001:db8::8000/113", ["2001:db8::8000", "2001:db8::ffff"], not: ["2001:db8::7fff"]),
            Row("2001:db8::1/128", ["2001:db8::1"], not: ["2001:db8::2"]),
            Row("::ffff:192.0.2.7", ["192.0.2.7", "::ffff:192.0.2.7"], not: ["192.0.2.8"]),
        ]
    )
    func contents(row: Row) throws {
        let range = try #require(AddressRange(row.range))

        for address in row.inside { #expect(range.contains(address), "\(address)") }
        for address in row.outside { #expect(!range.contains(address), "\(address)") }
        for address in ["", "x", "10.0.0", "10.0.0.1 ", "10.0.0.1:80", "[::1]", "fe80::1%eth0"] {
            #expect(!range.contains(address), "\(address)")
        }
    }

    @Test(
        "what is no range",
        arguments: [
            "", "/", "/8", "x", "localhost", "10", "10.0.0", "10.0.0.0.0", "10.0.0.256", "10.0.0.-1", " 10.0.0.1",
            "10.0.0.1 ", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8.0", "10.0.0.0/8/8", "10.0.0.0 /8",
            "10.0.0.0/ 8", "10.0.0.0/x", "10.0.0.0/256", "10.0.0.0/255.0.0.0", "10.0.0.*", "0x0a.0.0.0", "012.0.0.1",
            "::/129", "::/-1", "::x", ":::", "1::2::3", "12345::", "[::1]", "[::1]/128", "fe80::1%eth0", "::1/",
            "10.0.0.0/+8", "10.0.0.0\0/8", "10.0.0.1\0", "10.0.0.1\0evil", "10.0.0.0-10.0.0.9",
        ]
    )
    func noRanges(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test("an IPv4 address is one client, however it is written, and so is an IPv6 network")
    func clients() {
        #expect(AddressRange.client("192.0.2.1") == AddressRange.client("::ffff:192.0.2.1"))
        #expect(AddressRange.client("192.0.2.1") != AddressRange.client("192.0.2.2"))
        #expect(AddressRange.client("2001:db8::1") == AddressRange.client("2001:db8:0:0:ffff::2"))
        #expect(AddressRange.client("2001:db8::1") != AddressRange.client("2001:db8:0:1::1"))
        #expect(AddressRange.client("no address") == Array("no address".utf8))
    }
}

import Addresses
import Testing
import WebhookDelivery

/// Which addresses webhooks may reach (RFC 6890).
@Suite struct AddressPolicyTests {
    private static func policy(_ ranges: String...) -> AddressPolicy {
        AddressPolicy(allowing: ranges.compactMap { AddressRange($0) })
    }

    @Test(
        "public addresses are permitted",
        arguments: [
            "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
            "128.0.0.1", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255",
            "192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
            "223.255.255.255",
            "2400:cb00::1", "2606:4700:4700::1111", "2a00:1450:4001::8a", "2001:200::1", "2001:db7:ffff::1",
            // Public IPv4 by other ways.
            "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "::8.8.8.8",
        ]
    )
    func publicAddresses(address: String) {
        #expect(Self.policy().permits(address))
    }

    @Test(
        "what is not public is refused",
        arguments: [
            "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
            "127.255.255.255", "169.254.0.0", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.1",
            "192.0.2.1", "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255",
            "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
            "::", "::1", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "100::1", "4000::1",
            "2001::1", "2001:2::1", "2001:10::1", "2001:db8::1", "3fff::1", "64:ff9b:1::1", "1fff::1",
            "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0",
            "64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b::192.168.1.1", "2002:7f00:1::1", "2002:a00:1::",
            "2002:c0a8:101::5", "::127.0.0.1", "::10.0.0.1", "::0.0.0.2",
            "", "localhost", "127.1", "8.8.8.8 ", "[2400:cb00::1]", "8.8.8.8:80", "fe80::1%lo", "8.8.8.8\0",
        ]
    )
    func others(address: String) {
        #expect(!Self.policy().permits(address))
    }

    @Test("a range permits what it holds and nothing else")
    func ranges() {
        let policy = Self.policy("10.1.0.0/16", "fd00::/8", "::1")

        for address in ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "2002:a01:203::1", "fd00::9", "::1"] {
            #expect(policy.permits(address), "\(address)")
        }
        for address in ["10.2.0.1", "127.0.0.1", "fc00::1", "::", "fe80::1", "64:ff9b::10.2.0.1"] {
            #expect(!policy.permits(address), "\(address)")
        }
        #expect(policy.permits("8.8.8.8"))
    }

    @Test("all of IPv4 is not all of IPv6, and the other way round")
    func families() {
        #expect(Self.policy("0.0.0.0/0").permits("127.0.0.1"))
        #expect(!Self.policy("0.0.0.0/0").permits("::1"))
        #expect(!Self.policy("0.0.0.0/0").permits("::"))
        #expect(Self.policy("::/0").permits("::1"))
        #expect(!Self.policy("::/0").permits("127.0.0.1"))
        #expect(!Self.policy("::/0").permits("::ffff:127.0.0.1"))
    }
}

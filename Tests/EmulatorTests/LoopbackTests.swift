import Emulator
import Testing

/// Which addresses and names are this machine's.
@Suite struct LoopbackTests {
    @Test(
        "this machine's addresses",
        arguments: ["127.0.0.1", "127.255.255.254", "127.1.2.3", "::1", "::ffff:127.0.0.1"]
    )
    func addresses(address: String) {
        #expect(Loopback.isAddress(address))
    }

    @Test(
        "other addresses, and what is none",
        arguments: [
            "", "0.0.0.0", "10.0.0.1", "192.168.0.1", "128.0.0.1", "126.255.255.255", "1.127.0.0", "127", "127.0.0",
            "127.0.0.1.1", "127.0.0.256", "127.0.0.-1", "127.0.0.1 ", " 127.0.0.1", "127.0.0.", "127..0.1",
            "0127.0.0.1",
            "::", "::2", "fe80::1", "::ffff:10.0.0.1", "::ffff:", "localhost", "127.0.0.1.evil.example", "127.0.0.1:80",
            "[::1]", "127.+0.0.1", "127.0.0.1\0",
        ]
    )
    func otherAddresses(address: String) {
        #expect(!Loopback.isAddress(address))
    }

    @Test(
        "this machine's names, as a Host header has them",
        arguments: [
            "localhost", "localhost:8080", "LOCALHOST", "LocalHost:80", "127.0.0.1", "127.0.0.1:65535", "[::1]",
            "[::1]:8080", "127.0.0.2:1",
        ]
    )
    func hosts(host: String) {
        #expect(Loopback.isHost(host))
    }

    @Test(
        "other names",
        arguments: [
            "", ":", ":8080", "evil.example", "localhost.evil.example", "localhost.evil.example:8080",
            "127.0.0.1.evil.example", "127.0.0.1.evil.example:8080", "evil.example:127.0.0.1", "evil.localhost",
            "localhost:8080.evil.example", "localhost:8080:evil", "localhost@evil.example", "evil.example#localhost",
            "[::1].evil.example", "[::1]evil", "[::2]:8080", "xlocalhost", "localhostx", "10.0.0.1:8080",
            "0.0.0.0:8080",
            "localhost evil.example", "localhost/", "127.0.0.1, evil.example", "1.0.0.127", "127.0.0.1:８０",
        ]
    )
    func otherHosts(host: String) {
        #expect(!Loopback.isHost(host))
    }
}

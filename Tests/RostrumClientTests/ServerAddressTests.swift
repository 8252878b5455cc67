import RostrumClient
import Testing

@Suite("The server's URL")
struct ServerAddressTests {
    @Test(
        "that cannot be used is told when the client is made",
        arguments: [
            "", "127.0.0.1:8080", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:65536", "http://a:x",
            "http://u:p@a", "http://a/?x=1", "http://a/#x", "http://a b", "http://[::1", "http://[::1]x", "https:///p",
        ]
    )
    func refused(url: String) {
        #expect {
            try AdminClient(server: url, sdkAppID: 1, userSigs: .key("key"))
        } throws: { error in
            guard case .misconfigured? = error as? RostrumError else { return false }
            return true
        }
    }

    @Test(
        "may have a port, a path, and an address of IPv6",
        arguments: ["http://a", "HTTPS://a.example:8443/chat/", "ws://[::1]:80", "wss://a/"]
    )
    func accepted(url: String) throws {
        _ = try AdminClient(server: url, sdkAppID: 1, userSigs: .key("key"))
    }
}

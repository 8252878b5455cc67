import Chat
import Testing

/// Which addresses a backend may have (spec/webhooks-official-channels.md section 1).
@Suite struct WebhookURLTests {
    private static let label = String(repeating: "a", count: 63)

    @Test(
        "an address that follows the rules is taken as it is written",
        arguments: [
            "http://a", "https://backend.example.net", "http://backend.example.net/", "https://a-b.example/hook/path",
            "http://192.0.2.7", "http://192.0.2.7:8080/hook", "https://backend.example.net:1", "http://localhost:65535",
            "http://[::1]", "http://[2001:db8::7]:8443/hook", "http://[::ffff:192.0.2.7]/", "http://xn-a",
            "http://A.Example.NET/Hook", "http://\(label).\(label)/", "http://1.2.3", "http://a/b;c=d,e+f~g(h)*i'j",
            "http://a/%20%3F", "http://a//b", "http://a/:80", "http://a/" + String(repeating: "x", count: 491),
        ]
    )
    func good(text: String) {
        #expect(WebhookURL(rawValue: text)?.rawValue == text)
        #expect(WebhookURL(rawValue: text)?.description == text)
    }

    @Test(
        "any other is refused",
        arguments: [
            "", "a", "backend.example.net", "//a", "/hook", "ftp://a", "ws://a", "file:///etc/passwd", "http:",
            "http:/a",
            "http:a", "HTTP://a", "Https://a", " http://a", "http://a ", "http://a\n", "\u{FEFF}http://a",
            // No host, or none that is allowed.
            "http://", "https://", "http:///", "http:///hook", "http://:80", "http://-a", "http://a-", "http://a--b",
            "http://a.-b", "http://a-.b", "http://a_b", "http://.a", "http://a.", "http://a..b", "http://.",
            "http://*.a", "http://xn--a", "http://bäckend.net", "http://ａ", "http://a%2Eb", "http://a|b", "http://a\\b",
            "http://\(label)a/", "http://" + Array(repeating: label, count: 4).joined(separator: "."),
            // Ports.
            "http://a:", "http://a:/", "http://a:0", "http://a:65536", "http://a:-1", "http://a:+80", "http://a:8o",
            "http://a:80:80", "http://a: 80", "http://a:99999999999999999999",
            // Addresses in brackets.
            "http://[", "http://[]", "http://[1", "http://]", "http://[::1", "http://[::1]a", "http://[::1]:",
            "http://[::1]:0", "http://[::g]", "http://[fe80::1%eth0]", "http://a[::1]", "http://::1", "http://[a]b",
            // Characters that would make another address of it.
            "http://a/?x=1", "http://a?", "http://a/b?c", "http://a/#x", "http://a#x", "http://a/b&c", "http://a/b!",
            "http://a/$b", "http://a/b c", "http://user@a", "http://user:secret@a", "http://a/@b", "http://a/b\\c",
            "http://a/\u{0}", "http://a/\t", "http://a/\u{7F}", "http://a/ü", "http://a/\r\nHost: b",
            "http://a/" + String(repeating: "x", count: 492),
        ]
    )
    func bad(text: String) {
        #expect(WebhookURL(rawValue: text) == nil)
    }
}

import Web
import Addresses
import HTTPTypes
import Hummingbird

/// Under which addresses people reach the console.
package struct ConsoleAddresses: Sendable {
    /// Origins such as `https://console.example.com`; empty when nobody said, then an address that is no name counts.
    package let origins: [String]

    package init(origins: [String] = []) {
        self.origins = origins
    }

    /// Whether who asks for it under `host` does so over TLS, which then ends before this server.
    func areSecure(host: String) -> Bool {
        origins.contains("https://\(host)") && !origins.contains("http://\(host)")
    }

    /// Whether the console may be asked for under a `Host`.
    ///
    /// A name that nobody vouched for might be anyone's, which a web page points here to read as its own (DNS
    /// rebinding). An IP address and `localhost` cannot be pointed elsewhere.
    func allow(host: String) -> Bool {
        guard origins.isEmpty else { return origins.contains { $0 == "http://\(host)" || $0 == "https://\(host)" } }
        let name = Self.name(host)
        return name == "localhost" || AddressRange.bytes(name) != nil
    }

    /// Whether a page of this origin may send to a console that was asked for under `host`.
    func allow(origin: String, host: String) -> Bool {
        guard origins.isEmpty else { return origins.contains(origin) }
        return origin == "http://\(host)" || origin == "https://\(host)"
    }

    /// A host without its port and brackets.
    private static func name(_ host: String) -> String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return String(host[..<end].dropFirst()) }
        return host.split(separator: ":", omittingEmptySubsequences: false).first.map { $0.lowercased() } ?? ""
    }
}

/// Refuses what other pages send, and what asks for the console under a foreign name.
struct CrossSiteGuard: Sendable {
    let addresses: ConsoleAddresses

    /// - Returns: the refusal; nil for a request that may be answered.
    func refusal(of request: Request) -> Response? {
        let host = request.head.authority ?? ""
        guard addresses.allow(host: host) else {
            return Response.plain(
                .misdirectedRequest,
                """
                The console is not to be reached under this name. If it should be, name it to the server: \
                --console-origin https://NAME

                """
            )
        }
        guard request.method != .get, request.method != .head else { return nil }
        // Every browser sends where a form comes from; whoever does not is no browser.
        guard let origin = request.headers[.origin], addresses.allow(origin: origin, host: host),
            ["same-origin", nil].contains(request.headers[.secFetchSite])
        else {
            return Response.plain(.forbidden, "Only the console's own pages may send this.\n")
        }
        return nil
    }
}

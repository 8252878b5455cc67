import AsyncHTTPClient
import Chat
import FoundationEssentials
import NIOHTTP1

extension HTTPClient.Request {
    /// - Throws: ``DeliveryRefusal`` when the URL is none that a webhook may have.
    init(_ webhook: WebhookRequest) throws {
        // The client would also take unix sockets, and a port that does not fit in 16 bits would stop the process.
        guard let url = URL(string: webhook.url), let scheme = url.scheme?.lowercased(),
            scheme == "http" || scheme == "https",
            let host = url.host, (1...255).contains(host.utf8.count),
            host.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            (1...65_535).contains(url.port ?? 80)
        else { throw DeliveryRefusal.badURL }
        try self.init(
            url: url,
            method: .POST,
            headers: HTTPHeaders(webhook.headers.map { ($0.name, $0.value) }),
            body: .bytes(webhook.body)
        )
    }

    /// The host without the brackets of an IPv6 address.
    var bareHost: String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }
}

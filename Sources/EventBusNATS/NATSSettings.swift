import ChatProtocol

/// Where the NATS servers are, and how a node makes itself known to them.
///
/// From a URL: `nats://[user:password@|token@]host[:port][,host[:port]…][?option=value&…]`, or `tls://…`. The options are
/// `creds` (a credentials file), `token`, and for TLS `ca`, `cert` and `key` (PEM files) and `server_name`.
package struct NATSSettings: Sendable, Equatable {
    package struct TLS: Sendable, Equatable {
        /// A PEM file with whom to believe; nil: whom the machine believes.
        package var authorities: String?
        /// PEM files: who the node is.
        package var certificate: String?
        package var key: String?
        /// The name that the servers' certificates carry; nil: any that the authorities signed.
        package var serverName: String?

        package init() {}
    }

    /// A `--bus` that cannot be used.
    package struct Invalid: Error, CustomStringConvertible, Equatable {
        package let description: String
    }

    /// Each as `host:port`.
    package var servers: [String]
    package var user: String?
    package var password: String?
    package var token: String?
    package var credentialsFile: String?
    /// Nil for none.
    package var tls: TLS?

    package init(url: String) throws(Invalid) {
        guard let scheme = url.firstRange(of: "://") else { throw Self.invalid("begins with nats:// or tls://") }
        var isTLS = false
        switch url[..<scheme.lowerBound] {
        case "nats": break
        case "tls": isTLS = true
        default: throw Self.invalid("begins with nats:// or tls://")
        }
        let parts = url[scheme.upperBound...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var authority = parts[0]
        (servers, user, password, token) = ([], nil, nil, nil)
        if let at = authority.lastIndex(of: "@") {
            let words = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = try words.map { (word) throws(Invalid) in try Self.decode(word) }
            if decoded.count == 2 { (user, password) = (decoded[0], decoded[1]) } else { token = decoded[0] }
            authority = authority[authority.index(after: at)...]
        }
        for server in authority.split(separator: ",", omittingEmptySubsequences: false) {
            servers.append(try Self.server(server.hasSuffix("/") ? server.dropLast() : server))
        }
        tls = isTLS ? TLS() : nil
        for option in parts.dropFirst().first?.split(separator: "&") ?? [] { try take(option) }
        guard (tls?.certificate == nil) == (tls?.key == nil) else {
            throw Self.invalid("names cert and key, or neither")
        }
        guard token == nil || user == nil else { throw Self.invalid("names a user or a token, not both") }
        if tls != nil, tls?.serverName == nil { tls?.serverName = Self.commonName(of: servers) }
    }

    private mutating func take(_ option: Substring) throws(Invalid) {
        let words = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2, !words[1].isEmpty else { throw Self.invalid("has options as name=value") }
        let value = try Self.decode(words[1])
        switch words[0] {
        case "creds": credentialsFile = value
        case "token": token = value
        case "ca": tls = tls ?? TLS(); tls?.authorities = value
        case "cert": tls = tls ?? TLS(); tls?.certificate = value
        case "key": tls = tls ?? TLS(); tls?.key = value
        case "server_name": tls = tls ?? TLS(); tls?.serverName = value
        default: throw Self.invalid("has the options creds, token, ca, cert, key and server_name only")
        }
    }

    private static func server(_ text: Substring) throws(Invalid) -> String {
        let hasPort = text.last != "]" && text.contains(":")
        let host = hasPort ? text[..<(text.lastIndex(of: ":") ?? text.endIndex)] : text
        guard !host.isEmpty, host.allSatisfy({ $0.isASCII && !"/@? ".contains($0) }) else {
            throw invalid("names hosts, divided by commas")
        }
        guard hasPort else { return "\(text):4222" }
        guard let port = UInt16(text[host.endIndex...].dropFirst()), port > 0 else {
            throw invalid("has ports from 1 to 65535")
        }
        return "\(host):\(port)"
    }

    /// The name of all servers, when they have the same one and it is no address.
    private static func commonName(of servers: [String]) -> String? {
        let hosts = Set(servers.map { $0[..<($0.lastIndex(of: ":") ?? $0.endIndex)] })
        guard hosts.count == 1, let host = hosts.first, host.contains(where: \.isLetter), !host.hasPrefix("[") else {
            return nil
        }
        return String(host)
    }

    /// Takes `%XX` for the byte that it stands for.
    private static func decode(_ text: Substring) throws(Invalid) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                throw invalid("has a % without two hexadecimal digits")
            }
            bytes.append(code)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw invalid("is not UTF-8") }
        return decoded
    }

    private static func invalid(_ rule: String) -> Invalid {
        Invalid(description: "The bus's URL \(rule): nats://host:4222,other:4222")
    }
}

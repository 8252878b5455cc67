/// Where a server is: what a URL such as `https://chat.example.com` says.
struct ServerAddress: Sendable, Equatable {
    let usesTLS: Bool
    /// A name or an address; one of IPv6 without its brackets.
    let host: String
    let port: Int
    /// What stands before `/v4`; empty, or begins with a slash and does not end with one.
    let path: String

    /// - Parameter url: `http`, `https`, `ws` or `wss`, a host, and if need be a port and a path; the schemes with and
    ///   without `s` mean the same for calls and sessions.
    init(_ url: String) throws(RostrumError) {
        guard let scheme = url.firstRange(of: "://") else {
            throw .misconfigured("The server's URL must be http://HOST:PORT or https://HOST.")
        }
        switch url[..<scheme.lowerBound].lowercased() {
        case "http", "ws": usesTLS = false
        case "https", "wss": usesTLS = true
        default: throw .misconfigured("The server's URL must begin with http:// or https://.")
        }
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let (host, digits) = Self.hostAndPort(authority), !host.isEmpty else {
            throw .misconfigured("The server's URL has no host.")
        }
        guard let port = digits.isEmpty ? (usesTLS ? 443 : 80) : Int(digits), (1...65_535).contains(port) else {
            throw .misconfigured("The port in the server's URL must be 1 to 65535.")
        }
        let path = rest.dropFirst(authority.count)
        guard path.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") })
        else {
            throw .misconfigured("The server's URL must have no query, and its path be escaped.")
        }
        (self.host, self.port) = (host, port)
        self.path = path.last == "/" ? String(path.dropLast()) : String(path)
    }

    private static func hostAndPort(_ authority: Substring) -> (host: String, digits: Substring)? {
        guard !authority.contains("@"), authority.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let after = authority[authority.index(after: end)...]
            guard after.isEmpty || after.first == ":" else { return nil }
            return (String(authority[authority.index(after: authority.startIndex)..<end]), after.dropFirst())
        }
        let host = authority.prefix { $0 != ":" }
        return (String(host), authority.dropFirst(host.count + 1))
    }

    /// The value of a `Host` header.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (usesTLS ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// The URL of REST calls, up to `/v4`.
    var httpURL: String { "\(usesTLS ? "https" : "http")://\(authority)\(path)" }
}

extension String {
    /// The text as the value of a query's parameter: everything but letters, digits and `-._~` is escaped.
    var queryEscaped: String {
        var escaped: [UInt8] = []
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                escaped.append(byte)
            default:
                escaped += "%".utf8
                escaped += (byte < 16 ? "0" : "").utf8
                escaped += String(byte, radix: 16, uppercase: true).utf8
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}

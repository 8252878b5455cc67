import CLibpq
package import ChatProtocol
import Database

/// What libpq is told to connect to: a URL or `key=value` pairs, as libpq understands them, with our defaults added.
///
/// Several hosts may be given; the one that takes writes is looked for, unless the text asks for something else.
package struct ConnectionString: Sendable {
    /// What is added when the text does not say it.
    private static let defaults = [
        "application_name": "rostrum",
        "client_encoding": "UTF8",
        "connect_timeout": "5",
        "keepalives_idle": "10",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "target_session_attrs": "read-write",
        "tcp_user_timeout": "15000",
    ]

    let parameters: [String: String]

    /// - Throws: an internal fault caused by a ``DatabaseError``, which does not repeat the text: there may be a password
    ///   in it.
    package init(_ text: String) throws(ChatError) {
        // libpq would take a part of the password for the host, and tell that it cannot find it.
        guard !Self.hasStrayDelimiter(text) else {
            throw Self.refusal(
                """
                cannot be taken apart: in user and password of a URL write %40 for @, %2F for /, %3F for ? and %25 for %, \
                and after the host %40 for @
                """
            )
        }
        guard let options = PQconninfoParse(text, nil) else {
            throw Self.refusal(
                """
                cannot be understood: write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with what is special in a URL \
                percent-encoded, or libpq's key=value pairs
                """
            )
        }
        defer { PQconninfoFree(options) }
        var parameters: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val, value.pointee != 0 {
                parameters[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        self.parameters = parameters.merging(Self.defaults) { given, _ in given }
    }

    /// Whether a URL has an `@` besides the one before the host, or a `/` or `?` before that one.
    private static func hasStrayDelimiter(_ text: String) -> Bool {
        guard let scheme = ["postgres://", "postgresql://"].first(where: text.hasPrefix) else { return false }
        // By bytes, as libpq looks for them: a character may be one of these with an accent.
        let rest = text.utf8.dropFirst(scheme.utf8.count)
        let parts = rest.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        return parts.count > 2
            || parts.count == 2 && parts[0].contains { [UInt8(ascii: "/"), UInt8(ascii: "?")].contains($0) }
    }

    private static func refusal(_ what: String) -> ChatError {
        .internalFault(DatabaseError(.unavailable, "the connection string \(what)"))
    }

    /// Hosts, ports and database, for messages; never the user or the password.
    package var place: String {
        let hosts = parameters["host"] ?? parameters["hostaddr"] ?? "localhost"
        return "PostgreSQL at \(hosts):\(parameters["port"] ?? "5432")/\(parameters["dbname"] ?? "")"
    }
}

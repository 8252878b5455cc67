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
        guard let options = PQconninfoParse(text, nil) else {
            throw .internalFault(
                DatabaseError(
                    .unavailable,
                    """
                    the connection string cannot be understood: write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with \
                    what is special in a URL percent-encoded, or libpq's key=value pairs
                    """
                )
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

    /// Hosts, ports and database, for messages; never the user or the password.
    package var place: String {
        let hosts = parameters["host"] ?? parameters["hostaddr"] ?? "localhost"
        return "PostgreSQL at \(hosts):\(parameters["port"] ?? "5432")/\(parameters["dbname"] ?? "")"
    }
}

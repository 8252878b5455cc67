/// Where the console is.
package struct ConsoleSettings: Sendable, Equatable {
    package enum Place: Sendable, Equatable {
        case nowhere
        /// On the port of the REST API, under `/console`.
        case beside
        /// On a port of its own.
        case alone(host: String, port: Int)
    }

    package var place: Place
    /// Under which addresses people reach it, such as `https://console.example.com`.
    package var origins: [String]

    init(_ reader: SettingsReader) throws(SettingError) {
        let port = try reader.port("console-port")
        let isOn =
            try reader.value("console", allowed: "on or off") { ["on": true, "off": false][$0] } ?? (port != nil)
        if let port {
            guard isOn else { throw SettingError("console-port", "cannot be given while console is off") }
            place = .alone(host: reader.text("console-host") ?? "127.0.0.1", port: port)
        } else {
            guard !reader.isGiven("console-host") else {
                throw SettingError("console-host", "needs a console-port: else the console is where the REST API is")
            }
            place = isOn ? .beside : .nowhere
        }
        guard place != .nowhere || !reader.isGiven("console-origin") else {
            throw SettingError("console-origin", "cannot be given while console is off")
        }
        origins = try reader.list("console-origin", allowed: "addresses such as https://console.example.com") {
            Self.isOrigin($0) ? $0 : nil
        }
    }

    /// A scheme, a host and perhaps a port, as browsers write them.
    private static func isOrigin(_ text: String) -> Bool {
        let rest = ["https://", "http://"].first { text.hasPrefix($0) }.map { text.dropFirst($0.count) } ?? ""
        return !rest.isEmpty && rest.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") }
            && rest == rest.lowercased()
    }
}

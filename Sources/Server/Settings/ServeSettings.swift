package import Addresses
import ChatProtocol
package import Gateway
package import Logging
package import Observability

/// What `rostrum serve` runs with.
package struct ServeSettings: Sendable {
    package var host: String
    package var port: Int
    /// Where metrics and health are answered; loopback unless it is set.
    package var adminHost: String
    package var adminPort: Int
    package var storage: Storage
    /// What this process does.
    package var roles: Set<Role>
    package var masterKey: MasterKeySource
    package var tls: TLSFiles?
    /// A port without TLS that sends browsers to the one with it.
    package var httpPort: Int?
    /// For how long browsers are told to come by HTTPS alone; nil says nothing.
    package var strictTransportSeconds: Int?
    package var trustedProxies: [AddressRange]
    /// How many live sessions an address may have and open; 0 = no limit.
    package var addressLimits: AddressLimits.Settings
    /// What webhooks may reach besides public addresses.
    package var webhookAllow: [AddressRange]
    package var console: ConsoleSettings
    package var logFormat: LogFormat
    package var logLevel: Logger.Level

    /// Where the data is, and how nodes that share it hear of each other.
    package enum Storage: Sendable, Equatable {
        /// This machine's alone.
        case directory(String)
        /// A PostgreSQL database, by a connection string of libpq, that any number of nodes work on; and their NATS
        /// servers.
        case cluster(database: String, bus: String)
    }

    /// The name of every setting; with two dashes the flag, in capitals behind `ROSTRUM_` the variable.
    package static let names = [
        "host", "port", "admin-host", "admin-port", "data-dir", "database", "bus", "roles", "master-key-file",
        "tls-certificate", "tls-key", "http-port", "hsts", "trusted-proxies", "sessions-per-address",
        "logins-per-address", "webhook-allow",
        "console", "console-host", "console-port", "console-origin", "log-format", "log-level",
    ]

    /// Those of them that may have several values.
    package static let lists = ["roles", "trusted-proxies", "webhook-allow", "console-origin"]

    /// Reads and judges every setting.
    ///
    /// - Parameters:
    ///   - flags: by name, as given on the command line.
    ///   - file: the YAML file, nil when there is none.
    /// - Throws: ``SettingError`` for the first that is missing or not allowed.
    package init(
        flags: [String: [String]],
        environment: [String: String],
        file: String?
    ) async throws(SettingError) {
        let reader = try await SettingsReader(
            flags: flags,
            environment: environment,
            file: file,
            known: Self.names,
            lists: Self.lists
        )
        host = reader.text("host") ?? "127.0.0.1"
        port = try reader.port("port") ?? 8080
        adminHost = reader.text("admin-host") ?? "127.0.0.1"
        adminPort = try reader.port("admin-port") ?? 8090
        storage = try Self.storage(reader)
        roles = try Self.roles(reader)
        masterKey = try Self.masterKey(reader)
        tls = try Self.tls(reader)
        httpPort = try reader.port("http-port")
        strictTransportSeconds = try reader.value(
            "hsts",
            allowed: "a whole number of seconds up to \(Self.longestHSTS)"
        ) {
            Int(digits: $0).flatMap { (0...Self.longestHSTS).contains($0) ? $0 : nil }
        }
        if tls == nil {
            guard httpPort == nil else { throw SettingError("http-port", "needs tls-certificate: it sends to HTTPS") }
            guard strictTransportSeconds == nil else {
                throw SettingError("hsts", "needs tls-certificate: it tells browsers to come by HTTPS alone")
            }
        }
        trustedProxies = try reader.list("trusted-proxies", allowed: Self.ranges) { AddressRange($0) }
        let defaults = AddressLimits.Settings.default
        addressLimits = AddressLimits.Settings(
            sessions: try reader.value("sessions-per-address", allowed: Self.counts, read: Self.count)
                ?? defaults.sessions,
            loginsPerSecond: try reader.value("logins-per-address", allowed: Self.counts, read: Self.count)
                ?? defaults.loginsPerSecond
        )
        webhookAllow = try reader.list("webhook-allow", allowed: Self.ranges) { AddressRange($0) }
        console = try ConsoleSettings(reader)
        logFormat =
            try reader.value("log-format", allowed: "text or json") { LogFormat(rawValue: $0) } ?? .text
        logLevel =
            try reader.value("log-level", allowed: "trace, debug, info, notice, warning, error or critical") {
                Logger.Level(rawValue: $0)
            } ?? .info
    }

    private static func storage(_ reader: SettingsReader) throws(SettingError) -> Storage {
        let bus = reader.text("bus", secret: true).flatMap { $0.isEmpty ? nil : $0 }
        switch (reader.text("data-dir") ?? "", reader.text("database", secret: true) ?? "") {
        case ("", ""):
            throw SettingError(
                "data-dir",
                "is missing; give the directory of the data, such as /var/lib/rostrum, or database and bus of a cluster"
            )
        case (let directory, ""):
            guard bus == nil else { throw SettingError("bus", "needs a database: a directory is one node's alone") }
            return .directory(directory)
        case ("", let database):
            guard let bus else {
                throw SettingError("bus", "is missing; nodes hear of each other by it; give nats://HOST:4222")
            }
            return .cluster(database: database, bus: bus)
        default: throw SettingError("database", "cannot be given together with data-dir: the data is in one place")
        }
    }

    /// Two years, which is what lists of such sites ask for.
    private static let longestHSTS = 63_072_000

    private static let counts = "a whole number from 0 (no limit) to 1000000"

    private static func count(_ text: String) -> Int? {
        Int(digits: text).flatMap { (0...1_000_000).contains($0) ? $0 : nil }
    }

    private static let ranges = "addresses or CIDR ranges such as 10.0.0.0/8"

    private static func roles(_ reader: SettingsReader) throws(SettingError) -> Set<Role> {
        guard reader.isGiven("roles") else { return Set(Role.allCases) }
        let roles = try reader.list("roles", allowed: "one or more of \(Role.words)") { Role(rawValue: $0) }
        guard !roles.isEmpty else { throw SettingError("roles", "must be one or more of \(Role.words); it is empty") }
        return Set(roles)
    }

    private static func masterKey(_ reader: SettingsReader) throws(SettingError) -> MasterKeySource {
        if let text = reader.text("master-key", secret: true) { return .text(text) }
        if let file = reader.text("master-key-file") { return .file(file) }
        return .dataDirectory
    }

    private static func tls(_ reader: SettingsReader) throws(SettingError) -> TLSFiles? {
        switch (reader.text("tls-certificate"), reader.text("tls-key")) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return TLSFiles(certificate: certificate, key: key)
        case (_?, nil): throw SettingError("tls-key", "is missing; tls-certificate needs it")
        case (nil, _?): throw SettingError("tls-certificate", "is missing; tls-key needs it")
        }
    }
}

/// Where the master key comes from.
package enum MasterKeySource: Sendable, Equatable {
    /// `master.key` in the data directory, made at the first start.
    case dataDirectory
    case file(String)
    /// `ROSTRUM_MASTER_KEY`: 64 hexadecimal digits.
    case text(String)
}

/// A certificate chain and its key, both PEM.
package struct TLSFiles: Sendable, Equatable {
    package let certificate: String
    package let key: String
}

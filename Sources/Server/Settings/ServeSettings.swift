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
    package var dataDirectory: String
    /// What this process does.
    package var roles: Set<Role>
    package var masterKey: MasterKeySource
    package var tls: TLSFiles?
    package var trustedProxies: [AddressRange]
    /// How many live sessions an address may have and open; 0 = no limit.
    package var addressLimits: AddressLimits.Settings
    /// What webhooks may reach besides public addresses.
    package var webhookAllow: [AddressRange]
    package var logFormat: LogFormat
    package var logLevel: Logger.Level

    /// The name of every setting; with two dashes the flag, in capitals behind `ROSTRUM_` the variable.
    package static let names = [
        "host", "port", "admin-host", "admin-port", "data-dir", "roles", "master-key-file", "tls-certificate",
        "tls-key",
        "trusted-proxies", "sessions-per-address", "logins-per-address", "webhook-allow", "log-format", "log-level",
    ]

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
            lists: ["roles", "trusted-proxies", "webhook-allow"]
        )
        host = reader.text("host") ?? "127.0.0.1"
        port = try reader.port("port") ?? 8080
        adminHost = reader.text("admin-host") ?? "127.0.0.1"
        adminPort = try reader.port("admin-port") ?? 8090
        guard let directory = reader.text("data-dir"), !directory.isEmpty else {
            throw SettingError("data-dir", "is missing; give the directory of the data, such as /var/lib/rostrum")
        }
        dataDirectory = directory
        roles = try Self.roles(reader)
        masterKey = try Self.masterKey(reader)
        tls = try Self.tls(reader)
        trustedProxies = try reader.list("trusted-proxies", allowed: Self.ranges) { AddressRange($0) }
        let defaults = AddressLimits.Settings.default
        addressLimits = AddressLimits.Settings(
            sessions: try reader.value("sessions-per-address", allowed: Self.counts, read: Self.count)
                ?? defaults.sessions,
            loginsPerSecond: try reader.value("logins-per-address", allowed: Self.counts, read: Self.count)
                ?? defaults.loginsPerSecond
        )
        webhookAllow = try reader.list("webhook-allow", allowed: Self.ranges) { AddressRange($0) }
        logFormat =
            try reader.value("log-format", allowed: "text or json") { LogFormat(rawValue: $0) } ?? .text
        logLevel =
            try reader.value("log-level", allowed: "trace, debug, info, notice, warning, error or critical") {
                Logger.Level(rawValue: $0)
            } ?? .info
    }

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

import FoundationEssentials
import Gateway
import Logging
import Observability
import RostrumTesting
import Addresses
import Server
import Testing

/// Where the settings of `rostrum serve` stand, which place wins, and what is said of one that is wrong.
@Suite struct ServeSettingsTests {
    /// The settings from these places; a file is written if there is a text for it.
    private func settings(
        flags: [String: [String]] = [:],
        environment: [String: String] = [:],
        file: String? = nil
    ) async throws -> ServeSettings {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/rostrum.yaml"
            if let file { try Data(file.utf8).write(to: URL(filePath: path)) }
            return try await ServeSettings(flags: flags, environment: environment, file: file == nil ? nil : path)
        }
    }

    /// What the settings are refused with.
    private func refusal(
        flags: [String: [String]] = ["data-dir": ["/data"]],
        environment: [String: String] = [:],
        file: String? = nil
    ) async throws -> SettingError? {
        do {
            _ = try await settings(flags: flags, environment: environment, file: file)
            return nil
        } catch let error as SettingError {
            return error
        }
    }

    @Test("without anything but the directory the defaults hold")
    func defaults() async throws {
        let settings = try await settings(flags: ["data-dir": ["/data"]])

        #expect((settings.host, settings.port) == ("127.0.0.1", 8080))
        #expect((settings.adminHost, settings.adminPort) == ("127.0.0.1", 8090))
        #expect(settings.storage == .directory("/data"))
        #expect(settings.masterKey == .dataDirectory)
        #expect(settings.tls == nil && settings.trustedProxies.isEmpty)
        #expect(settings.logFormat == .text && settings.logLevel == .info)
        #expect(settings.roles == [.api, .gateway, .webhooks, .maintenance])
    }

    @Test("roles stand as a list in the file, with commas elsewhere, and as several flags")
    func roles() async throws {
        let directory = ["data-dir": ["/data"]]
        let places = [
            try await settings(file: "data-dir: /data\nroles: [api, maintenance]"),
            try await settings(file: "data-dir: /data\nroles: api, maintenance, api"),
            try await settings(flags: directory, environment: ["ROSTRUM_ROLES": "api,maintenance"]),
            try await settings(flags: directory.merging(["roles": ["api, maintenance"]]) { $1 }),
            try await settings(flags: directory.merging(["roles": ["api", "maintenance"]]) { $1 }),
        ]
        for settings in places { #expect(settings.roles == [.api, .maintenance]) }
        #expect(try await settings(flags: directory, environment: ["ROSTRUM_ROLES": ""]).roles.count == 4, "not set")
    }

    @Test("a role that there is not, or no role at all, is refused with those that there are")
    func badRoles() async throws {
        let refusals = [
            try await refusal(environment: ["ROSTRUM_ROLES": "api,cron"]),
            try await refusal(environment: ["ROSTRUM_ROLES": "API"]),
            try await refusal(environment: ["ROSTRUM_ROLES": ","]),
            try await refusal(flags: ["data-dir": ["/data"], "roles": [""]]),
            try await refusal(file: "roles: []"),
            try await refusal(file: "roles: ''"),
        ]
        for refusal in refusals {
            #expect(refusal?.name == "roles")
            #expect(refusal?.explanation.contains("one or more of api, gateway, webhooks, maintenance") == true)
        }
        #expect(refusals[0]?.explanation.contains("\"cron\"") == true)
    }

    @Test("a flag wins over the environment, and the environment over the file", arguments: ServeSettings.names)
    func precedence(name: String) async throws {
        let values: (file: String, environment: String, flag: String) =
            switch name {
            case "port", "admin-port", "sessions-per-address", "logins-per-address": ("1001", "1002", "1003")
            case "trusted-proxies", "webhook-allow": ("10.0.0.1", "10.0.0.2", "10.0.0.3")
            case "roles": ("api", "gateway", "webhooks")
            case "console": ("on", "off", "on")
            case "console-port", "http-port", "hsts": ("1001", "1002", "1003")
            case "console-origin": ("https://file.example", "https://environment.example", "https://flag.example")
            case "log-format": ("text", "json", "text")
            case "log-level": ("debug", "warning", "error")
            default: ("/file", "/environment", "/flag")
            }
        // The other half of a pair, and what must be there.
        let storage = ["database", "bus"].contains(name) ? ["database", "bus"] : ["data-dir"]
        let console =
            switch name {
            case "console-host": "console-port: 8443\n"
            case "console-origin": "console: on\n"
            default: ""
            }
        let rest = (storage + ["tls-certificate", "tls-key"]).filter { $0 != name }.map { "\($0): /file\n" }.joined()
        let file = rest + console + "\(name): \(values.file)\n"
        let variable = "ROSTRUM_" + name.uppercased().replacing("-", with: "_")

        let fromFile = try await settings(file: file)
        let fromEnvironment = try await settings(environment: [variable: values.environment], file: file)
        let fromFlag = try await settings(
            flags: [name: [values.flag]],
            environment: [variable: values.environment],
            file: file
        )

        #expect(Self.shown(name, of: fromFile) == values.file)
        #expect(Self.shown(name, of: fromEnvironment) == values.environment)
        #expect(Self.shown(name, of: fromFlag) == values.flag)
    }

    private static func shown(_ name: String, of settings: ServeSettings) -> String {
        switch name {
        case "host": settings.host
        case "port": String(settings.port)
        case "admin-host": settings.adminHost
        case "admin-port": String(settings.adminPort)
        case "data-dir": if case .directory(let path) = settings.storage { path } else { "-" }
        case "database": if case .cluster(let database, _) = settings.storage { database } else { "-" }
        case "bus": if case .cluster(_, let bus) = settings.storage { bus } else { "-" }
        case "roles": settings.roles.map(\.rawValue).joined(separator: " ")
        case "master-key-file": if case .file(let path) = settings.masterKey { path } else { "-" }
        case "tls-certificate": settings.tls?.certificate ?? "-"
        case "tls-key": settings.tls?.key ?? "-"
        case "http-port": settings.httpPort.map(String.init) ?? "-"
        case "hsts": settings.strictTransportSeconds.map(String.init) ?? "-"
        case "trusted-proxies": shown(settings.trustedProxies)
        case "sessions-per-address": String(settings.addressLimits.sessions)
        case "logins-per-address": String(settings.addressLimits.loginsPerSecond)
        case "webhook-allow": shown(settings.webhookAllow)
        case "console": settings.console.place == .nowhere ? "off" : "on"
        case "console-host": if case .alone(let host, _) = settings.console.place { host } else { "-" }
        case "console-port": if case .alone(_, let port) = settings.console.place { String(port) } else { "-" }
        case "console-origin": settings.console.origins.joined(separator: " ")
        case "log-format": settings.logFormat.rawValue
        case "log-level": settings.logLevel.rawValue
        default: "no such setting"
        }
    }

    private static func shown(_ ranges: [AddressRange]) -> String {
        ["10.0.0.1", "10.0.0.2", "10.0.0.3"].first { ranges.count == 1 && ranges[0].contains($0) } ?? "-"
    }

    @Test("the console is nowhere unless it is switched on, beside the API or on a port of its own")
    func console() async throws {
        func place(_ flags: [String: [String]]) async throws -> ConsoleSettings.Place {
            try await settings(flags: flags.merging(["data-dir": ["/data"]]) { $1 }).console.place
        }
        #expect(try await place([:]) == .nowhere)
        #expect(try await place(["console": ["on"]]) == .beside)
        #expect(try await place(["console-port": ["8443"]]) == .alone(host: "127.0.0.1", port: 8443))
        #expect(try await place(["console-port": ["0"], "console-host": ["::1"]]) == .alone(host: "::1", port: 0))
    }

    @Test(
        "what of the console does not go together, or is no origin, is refused",
        arguments: [
            ("console", ["console": ["maybe"]]), ("console-port", ["console": ["off"], "console-port": ["8443"]]),
            ("console-host", ["console": ["on"], "console-host": ["127.0.0.1"]]),
            ("console-origin", ["console-origin": ["https://console.example.com"]]),
            ("console-origin", ["console": ["off"], "console-origin": ["https://console.example.com"]]),
            ("console-origin", ["console": ["on"], "console-origin": ["console.example.com"]]),
            ("console-origin", ["console": ["on"], "console-origin": ["https://console.example.com/"]]),
            ("console-origin", ["console": ["on"], "console-origin": ["https://Console.example.com"]]),
        ] as [(String, [String: [String]])]
    )
    func badConsole(name: String, flags: [String: [String]]) async throws {
        #expect(try await refusal(flags: flags.merging(["data-dir": ["/data"]]) { $1 })?.name == name)
    }

    @Test("the directory must be named", arguments: [nil, ""])
    func dataDirectory(value: String?) async throws {
        let flags = value.map { ["data-dir": [$0]] } ?? [:]

        let error = try #require(try await refusal(flags: flags))

        #expect(error.name == "data-dir")
        #expect(error.explanation.contains("missing"))
    }

    @Test("the data is in a directory, or in a database with a bus")
    func storage() async throws {
        let database = ["database": ["postgres://db/rostrum"]]
        let bus = ["bus": ["nats://bus:4222"]]
        let directory = ["data-dir": ["/data"]]
        let cluster = try await settings(flags: database.merging(bus) { $1 })
        #expect(cluster.storage == .cluster(database: "postgres://db/rostrum", bus: "nats://bus:4222"))

        #expect(try await refusal(flags: database)?.name == "bus")
        #expect(try await refusal(flags: directory.merging(bus) { $1 })?.name == "bus")
        #expect(try await refusal(flags: directory.merging(database) { $1 })?.name == "database")
        #expect(try await refusal(flags: bus)?.name == "data-dir")
    }

    @Test(
        "a port is a number from 0 to 65535",
        arguments: ["", "x", "-1", "65536", "8080.0", "80 80", " 8080", "0x50", "1e3", "+8080", "８０８０"]
    )
    func badPorts(value: String) async throws {
        for name in ["port", "admin-port"] {
            let error = try await refusal(flags: ["data-dir": ["/data"], name: [value]])
            #expect(error?.name == name, "\(value)")
            #expect(error?.explanation.contains("65535") == true)
            #expect(error?.explanation.contains("\"\(value)\"") == true)
        }
    }

    @Test("the ends of the range of ports are allowed", arguments: [0, 1, 65_535])
    func goodPorts(value: Int) async throws {
        #expect(try await settings(flags: ["data-dir": ["/data"], "port": ["\(value)"]]).port == value)
        #expect(try await settings(file: "data-dir: /data\nport: \(value)").port == value)
        #expect(try await settings(file: "data-dir: /data\nport: \"\(value)\"").port == value)
    }

    @Test("log levels and formats are named when they are wrong", arguments: ["", "INFO", "verbose", "JSON", "0"])
    func badLog(value: String) async throws {
        let level = try await refusal(flags: ["data-dir": ["/data"], "log-level": [value]])
        let format = try await refusal(flags: ["data-dir": ["/data"], "log-format": [value]])

        #expect(level?.name == "log-level" && level?.explanation.contains("trace, debug, info") == true)
        #expect(format?.name == "log-format" && format?.explanation.contains("text or json") == true)
    }

    @Test("every log level is allowed", arguments: Logger.Level.allCases)
    func goodLevels(level: Logger.Level) async throws {
        let settings = try await settings(environment: [
            "ROSTRUM_DATA_DIR": "/data", "ROSTRUM_LOG_LEVEL": level.rawValue,
        ])
        #expect(settings.logLevel == level)
    }

    @Test(
        "several proxies stand as a list in the file, with commas in the environment, and as several flags",
        arguments: ["10.0.0.0/8, 192.0.2.7 ,2001:db8::/32"]
    )
    func proxyLists(text: String) async throws {
        let expected = [AddressRange("10.0.0.0/8"), AddressRange("192.0.2.7"), AddressRange("2001:db8::/32")]
        let list = "data-dir: /data\ntrusted-proxies:\n  - 10.0.0.0/8\n  - 192.0.2.7\n  - 2001:db8::/32\n"
        let flow = #"{"data-dir": "/data", "trusted-proxies": ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]}"#
        let directory = ["data-dir": ["/data"]]
        let several = directory.merging(["trusted-proxies": ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]]) { $1 }
        let one = directory.merging(["trusted-proxies": [text]]) { $1 }

        #expect(try await settings(file: list).trustedProxies == expected)
        #expect(try await settings(file: flow).trustedProxies == expected)
        #expect(try await settings(file: "data-dir: /data\ntrusted-proxies: \"\(text)\"\n").trustedProxies == expected)
        #expect(
            try await settings(flags: directory, environment: ["ROSTRUM_TRUSTED_PROXIES": text]).trustedProxies
                == expected
        )
        #expect(try await settings(flags: several).trustedProxies == expected)
        #expect(try await settings(flags: one).trustedProxies == expected)
    }

    @Test("a proxy that is no address is named", arguments: ["proxy.example", "10.0.0.0/33", "10.0.0", "10.0.0.0/8 x"])
    func badProxies(value: String) async throws {
        let error = try await refusal(
            environment: ["ROSTRUM_TRUSTED_PROXIES": "10.0.0.1,\(value),10.0.0.2"]
        )

        #expect(error?.name == "trusted-proxies")
        #expect(error?.explanation.contains("CIDR") == true && error?.explanation.contains(value) == true)
    }

    @Test("a certificate needs its key and a key its certificate")
    func tlsPair() async throws {
        let both = try await settings(
            flags: ["data-dir": ["/data"], "tls-key": ["/key"]],
            environment: ["ROSTRUM_TLS_CERTIFICATE": "/chain"]
        )
        let keyMissing = try await refusal(flags: ["data-dir": ["/data"], "tls-certificate": ["/chain"]])
        let certificateMissing = try await refusal(flags: ["data-dir": ["/data"], "tls-key": ["/key"]])

        #expect((both.tls?.certificate, both.tls?.key) == ("/chain", "/key"))
        #expect(keyMissing?.name == "tls-key")
        #expect(certificateMissing?.name == "tls-certificate")
    }

    @Test("the master key comes from the environment, then from a file, then from the directory")
    func masterKey() async throws {
        let digits = String(repeating: "0f", count: 32)
        let environment = ["ROSTRUM_DATA_DIR": "/data", "ROSTRUM_MASTER_KEY": digits]

        #expect(try await settings(environment: environment).masterKey == .text(digits))
        #expect(
            try await settings(flags: ["master-key-file": ["/k"]], environment: environment).masterKey == .text(digits)
        )
        #expect(try await settings(flags: ["data-dir": ["/d"], "master-key-file": ["/k"]]).masterKey == .file("/k"))
        #expect(try await refusal(file: "master-key: \(digits)")?.name == "master-key")
    }

    @Test(
        "a name in the file that is no setting is refused, with those that there are",
        arguments: ["prot: 80", "data_dir: /data", "Port: 80", "ROSTRUM_PORT: 80", "\"port \": 80", "7: 80"]
    )
    func unknownNames(line: String) async throws {
        let error = try #require(try await refusal(file: "host: 127.0.0.1\n\(line)\n"))

        #expect(error.name == line.split(separator: ":").first.map { $0.filter { $0 != "\"" } })
        for name in ServeSettings.names { #expect(error.explanation.contains(name)) }
    }

    @Test("variables that are no settings are nobody's business")
    func unknownVariables() async throws {
        let environment = ["ROSTRUM_DATA_DIR": "/data", "ROSTRUM_PROT": "80", "PORT": "81", "PATH": "/bin"]
        #expect(try await settings(environment: environment).port == 8080)
    }

    @Test(
        "an empty file, or one of comments, is a file without settings",
        arguments: ["", "\n", "# nothing\n", "---\n", "{}"]
    )
    func emptyFiles(text: String) async throws {
        #expect(try await settings(flags: ["data-dir": ["/data"]], file: text).port == 8080)
    }

    @Test(
        "a file that is no mapping or no YAML is refused as such",
        arguments: ["- a\n- b\n", "just words", "a: b: c", "{", "port: 1\nport: 2\n", "\t- x"]
    )
    func badFiles(text: String) async throws {
        let error = try #require(try await refusal(file: text))
        #expect(error.name == "config" || error.name == "port", "\(error)")
    }

    @Test("a file that is not there is named")
    func missingFile() async throws {
        do {
            _ = try await ServeSettings(flags: ["data-dir": ["/data"]], environment: [:], file: "/nowhere/rostrum.yaml")
            Issue.record("the file was not missed")
        } catch {
            #expect(error.name == "config" && error.explanation.contains("/nowhere/rostrum.yaml"))
        }
    }

    /// A value that nobody can use must not be ignored: the server would run with the default and nobody would know.
    @Test(
        "a value of another shape in the file is refused",
        arguments: [
            ("port", "port: [9090]"), ("port", "port: {number: 9090}"), ("host", "host: [127.0.0.1]"),
            ("log-level", "log-level: [debug]"), ("trusted-proxies", "trusted-proxies: {a: 10.0.0.1}"),
            ("tls-certificate", "tls-certificate: [/chain]\ntls-key: [/key]"), ("port", "port: 80.5"),
            ("port", "port: true"), ("log-format", "log-format: 7"),
        ]
    )
    func otherShapes(name: String, text: String) async throws {
        #expect(try await refusal(file: text)?.name == name)
    }
}

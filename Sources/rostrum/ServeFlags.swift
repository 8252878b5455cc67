import ArgumentParser
import Server

/// The settings of `rostrum serve` as flags, and the file that may have them too.
struct ServeFlags: ParsableArguments {
    @Option(help: ArgumentHelp("A YAML file with settings.", valueName: "FILE"))
    var config: String?

    @Option(help: ArgumentHelp("The address to listen on (default: 127.0.0.1).", valueName: "ADDRESS"))
    var host: String?

    @Option(help: ArgumentHelp("The port to listen on; 0 takes any free one (default: 8080).", valueName: "PORT"))
    var port: String?

    @Option(help: ArgumentHelp("Where metrics and health are (default: 127.0.0.1).", valueName: "ADDRESS"))
    var adminHost: String?

    @Option(help: ArgumentHelp("The port of metrics and health (default: 8090).", valueName: "PORT"))
    var adminPort: String?

    @Option(help: ArgumentHelp("The directory that holds the data; it is made if need be.", valueName: "DIR"))
    var dataDir: String?

    @Option(
        help: ArgumentHelp(
            """
            The PostgreSQL database of a cluster, postgres://USER@HOST/NAME; better in ROSTRUM_DATABASE, where no list of \
            processes shows the password.
            """,
            valueName: "URL"
        )
    )
    var database: String?

    @Option(help: ArgumentHelp("The NATS servers of a cluster, nats://HOST:4222,…", valueName: "URL"))
    var bus: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "What this process does, of \(Role.words) (default: everything).",
            valueName: "ROLE"
        )
    )
    var roles: [String] = []

    @Option(
        help: ArgumentHelp(
            "The key that secrets are stored under (default: DIR/master.key, made at the first start).",
            valueName: "FILE"
        )
    )
    var masterKeyFile: String?

    @Option(help: ArgumentHelp("Serve HTTPS with this certificate chain, PEM.", valueName: "FILE"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's key, PEM.", valueName: "FILE"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp("A port without TLS that sends browsers to HTTPS and takes no calls.", valueName: "PORT")
    )
    var httpPort: String?

    @Option(
        help: ArgumentHelp(
            "Tell browsers to come by HTTPS alone for so many seconds (Strict-Transport-Security).",
            valueName: "SECONDS"
        )
    )
    var hsts: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Proxies whose X-Forwarded-For is believed.", valueName: "CIDR")
    )
    var trustedProxies: [String] = []

    @Option(help: ArgumentHelp("Serve the console under /console: on or off (default: off).", valueName: "ON"))
    var console: String?

    @Option(help: ArgumentHelp("Serve the console on a port of its own instead.", valueName: "PORT"))
    var consolePort: String?

    @Option(help: ArgumentHelp("Where that port is (default: 127.0.0.1).", valueName: "ADDRESS"))
    var consoleHost: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Under which addresses people reach the console; without it, IP addresses and localhost.",
            valueName: "https://NAME"
        )
    )
    var consoleOrigin: [String] = []

    @Option(
        help: ArgumentHelp("Live sessions that one address may have; 0 = no limit (default: 2000).", valueName: "N")
    )
    var sessionsPerAddress: String?

    @Option(
        help: ArgumentHelp(
            "Logins of live sessions that one address may try in a second; 0 = no limit (default: 200).",
            valueName: "N"
        )
    )
    var loginsPerAddress: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Private addresses that webhooks may reach all the same.", valueName: "CIDR")
    )
    var webhookAllow: [String] = []

    @Option(help: ArgumentHelp("How log lines look: text or json (default: text).", valueName: "FORMAT"))
    var logFormat: String?

    @Option(help: ArgumentHelp("The least level that is logged (default: info).", valueName: "LEVEL"))
    var logLevel: String?

    /// What is given, by name.
    var given: [String: [String]] {
        let single: [(String, String?)] = [
            ("host", host), ("port", port), ("admin-host", adminHost), ("admin-port", adminPort), ("data-dir", dataDir),
            ("database", database), ("bus", bus),
            ("console", console), ("console-host", consoleHost), ("console-port", consolePort),
            ("master-key-file", masterKeyFile), ("tls-certificate", tlsCertificate), ("tls-key", tlsKey),
            ("http-port", httpPort), ("hsts", hsts),
            ("sessions-per-address", sessionsPerAddress), ("logins-per-address", loginsPerAddress),
            ("log-format", logFormat), ("log-level", logLevel),
        ]
        var flags: [String: [String]] = [:]
        for case (let name, let value?) in single { flags[name] = [value] }
        if !roles.isEmpty { flags["roles"] = roles }
        if !trustedProxies.isEmpty { flags["trusted-proxies"] = trustedProxies }
        if !consoleOrigin.isEmpty { flags["console-origin"] = consoleOrigin }
        if !webhookAllow.isEmpty { flags["webhook-allow"] = webhookAllow }
        return flags
    }
}

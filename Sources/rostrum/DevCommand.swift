import Addresses
import ArgumentParser
import Chat
import Emulator
import Gateway
import Logging
import Observability
import Server

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run the emulator: one ready application, everything switched on.",
        discussion: """
            The ready application is 88888888 with the admins administrator and admin. Its key is published, \
            so the emulator listens on this machine only, unless --key or --random-key gives it another.
            """
    )

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes any free one.")
    var port: UInt16 = 8080

    @Option(help: "Also serve HTTPS on this port, with a certificate made for it.")
    var tlsPort: UInt16?

    @Option(help: "Also serve metrics and health on this port.")
    var adminPort: UInt16?

    @Option(help: "Keep the data in this directory. Without it the data goes with the process.")
    var dataDir: String?

    @Option(help: "The ready application's key.")
    var key: String?

    @Flag(help: "Make a random key for the ready application and print it.")
    var randomKey = false

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Replace limits; 0 means no limit.", valueName: "NAME=VALUE")
    )
    var limits: [LimitAssignment] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Proxies whose X-Forwarded-For is believed.", valueName: "CIDR")
    )
    var trustedProxies: [AddressRange] = []

    @Option(help: "Live sessions that one address may have; 0 = no limit.")
    var sessionsPerAddress: UInt32 = UInt32(AddressLimits.Settings.default.sessions)

    @Option(help: "Logins of live sessions that one address may try in a second; 0 = no limit.")
    var loginsPerAddress: UInt32 = UInt32(AddressLimits.Settings.default.loginsPerSecond)

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("What webhooks may reach besides public addresses and this machine.", valueName: "CIDR")
    )
    var webhookAllow: [AddressRange] = []

    @Option(help: "How log lines look.")
    var logFormat = LogFormat.text

    @Option(help: "The least level that is logged.")
    var logLevel = Logger.Level.info

    func validate() throws {
        if key != nil, randomKey { throw ValidationError("Give --key or --random-key, not both.") }
        if limits.contains(where: { $0.value == nil }) {
            throw ValidationError("--limits takes numbers here; there is no other plan to go back to.")
        }
        guard Loopback.isName(host) || key != nil || randomKey else {
            throw ValidationError(
                """
                --host \(host) can be reached from elsewhere, and the emulator's key is published: anyone could \
                sign as an admin. Give --key KEY or --random-key as well.
                """
            )
        }
    }

    func run() async throws {
        let random = randomKey ? NewApplication.makeKey(SystemRandomSource()) : nil
        if let random { printLine("the key of application 88888888 is \(random)") }
        var settings = DevSettings(key: key ?? random ?? Emulation.publishedKey)
        settings.host = host
        settings.port = Int(port)
        settings.tlsPort = tlsPort.map(Int.init)
        settings.adminPort = adminPort.map(Int.init)
        settings.dataDirectory = dataDir
        for limit in limits { settings.limits[limit.name] = limit.value }
        (settings.trustedProxies, settings.webhookAllow) = (trustedProxies, webhookAllow)
        settings.addressLimits = AddressLimits.Settings(
            sessions: Int(sessionsPerAddress),
            loginsPerSecond: Int(loginsPerAddress)
        )
        (settings.logFormat, settings.logLevel) = (logFormat, logLevel)
        try await RunningServer.dev(settings, output: printLine)
    }
}

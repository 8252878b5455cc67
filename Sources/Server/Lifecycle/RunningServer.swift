import AdminAPI
import Chat
import DatabaseSQLite
import Emulator
import FoundationEssentials
import Logging
import Metrics
import NIOSSL
import Observability
import ServiceLifecycle
import UnixSignals
import UserSig

/// The composition root: settings become services, wired once, started in order and stopped in reverse.
package enum RunningServer {
    /// Runs `rostrum serve` until SIGTERM or SIGINT.
    ///
    /// - Parameter output: where the ready line goes.
    /// - Throws: ``SettingError`` or ``StartError`` when the server cannot start.
    package static func serve(
        _ settings: ServeSettings,
        output: @escaping @Sendable (String) -> Void
    ) async throws {
        let logger = makeLogger(settings.logFormat, settings.logLevel)
        let registry = makeRegistry()
        let tls = try settings.tls?.configuration()
        let directory = try DataDirectory(settings.dataDirectory, makeIfMissing: true)
        let lock = try directory.lock()
        let installation = try await Installation.open(
            directory,
            masterKey: settings.masterKey,
            clock: .system,
            storage: storage(registry)
        )
        let health = Health(database: installation.database, clock: installation.clock, logger: logger)
        let catalogue = Catalogue(accounts: installation.accounts, channels: installation.channels)
        let door = FrontDoor(
            api: makeAPI(installation, catalogue, observer: nil, registry, logger),
            health: health,
            doors: nil,
            clientAddress: ClientAddress(trustedProxies: settings.trustedProxies)
        )
        let scheme = tls == nil ? "http" : "https"
        let readiness = Readiness([.main, .admin]) { ports in
            let admin = ports[.admin] ?? 0
            output("metrics and health are on http://\(urlHost(settings.adminHost)):\(admin)")
            output("rostrum is ready on \(scheme)://\(urlHost(settings.host)):\(ports[.main] ?? 0)")
        }
        let main = try Listener(host: settings.host, port: settings.port, tls: tls)
            .service(door, logger: logger) { readiness.listening(.main, port: $0) }
        let admin = try Listener(host: settings.adminHost, port: settings.adminPort)
            .service(AdminDoor(registry: registry, health: health), logger: logger) {
                readiness.listening(.admin, port: $0)
            }
        let maintenance = Maintenance(database: installation.database, clock: installation.clock, logger: logger)
        try await run([maintenance, admin, main], installation, logger)
        _ = consume lock
    }

    /// Runs `rostrum dev` until SIGTERM or SIGINT.
    ///
    /// - Parameter output: where the `curl` and the ready line go.
    /// - Throws: ``SettingError`` or ``StartError`` when the server cannot start.
    package static func dev(_ settings: DevSettings, output: @escaping @Sendable (String) -> Void) async throws {
        let logger = makeLogger(settings.logFormat, settings.logLevel)
        let registry = makeRegistry()
        let directory =
            try settings.dataDirectory.map { path throws(StartError) in
                try DataDirectory(path, makeIfMissing: true)
            } ?? DataDirectory.temporary()
        defer { if settings.dataDirectory == nil { directory.remove() } }
        let lock = try directory.lock()
        let installation = try await Installation.open(
            directory,
            clock: .emulator,
            overrides: settings.limits,
            storage: storage(registry)
        )
        guard let clock = installation.clock as? EmulatorClock else {
            throw StartError("the emulator has no clock of its own")
        }
        let emulation = Emulation(
            applications: installation.applications,
            accounts: installation.accounts,
            random: installation.random,
            clock: clock
        )
        try await emulation.prepare(key: settings.key)
        let faults = Faults()
        let log = RequestLog(clock: clock, faults: faults)
        let catalogue = Catalogue(accounts: installation.accounts, channels: installation.channels)
        let health = Health(database: installation.database, clock: clock, logger: logger)
        let door = FrontDoor(
            api: makeAPI(installation, catalogue, observer: log, registry, logger),
            health: health,
            doors: EmulatorDoors(
                emulation: emulation,
                clock: clock,
                faults: faults,
                log: log,
                channels: installation.channels,
                commandNames: catalogue.names
            ),
            clientAddress: ClientAddress(trustedProxies: settings.trustedProxies)
        )
        let certificate = try settings.tlsPort.map { _ in try writtenCertificate(directory) }
        var doors: Set<Readiness.Door> = [.main]
        if certificate != nil { doors.insert(.tls) }
        if settings.adminPort != nil { doors.insert(.admin) }
        let readiness = Readiness(doors) { ports in
            announce(settings, ports, directory, at: clock.now, output)
        }
        var services: [any Service] = [
            Maintenance(database: installation.database, clock: clock, logger: logger)
        ]
        if let port = settings.adminPort {
            services.append(
                try Listener(host: settings.host, port: port)
                    .service(AdminDoor(registry: registry, health: health), logger: logger) {
                        readiness.listening(.admin, port: $0)
                    }
            )
        }
        if let port = settings.tlsPort, let certificate {
            services.append(
                try Listener(host: settings.host, port: port, tls: try certificate.configuration())
                    .service(door, logger: logger) { readiness.listening(.tls, port: $0) }
            )
        }
        services.append(
            try Listener(host: settings.host, port: settings.port)
                .service(door, logger: logger) { readiness.listening(.main, port: $0) }
        )
        try await run(services, installation, logger)
        _ = consume lock
    }

    private static func run(
        _ services: [any Service],
        _ installation: Installation,
        _ logger: Logger
    ) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        // A connection that does not end is cut, so that the process does.
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            await installation.close()
            throw StartError("\(error)")
        }
        await installation.close()
    }

    private static func makeAPI(
        _ installation: Installation,
        _ catalogue: Catalogue,
        observer: (any CallObserver)?,
        _ registry: PrometheusRegistry,
        _ logger: Logger
    ) -> AdminAPI {
        AdminAPI(
            catalogue: catalogue,
            applications: installation.applications,
            authentication: Authentication(
                database: installation.database,
                bus: installation.bus,
                clock: installation.clock,
                metrics: registry
            ),
            clock: installation.clock,
            random: installation.random,
            observer: observer,
            metrics: registry,
            logger: logger
        )
    }

    private static func storage(_ registry: PrometheusRegistry) -> SQLiteDatabase.Configuration {
        let batches = Recorder(label: "rostrum_commit_batch_size", factory: registry)
        var configuration = SQLiteDatabase.Configuration()
        configuration.onCommit = { batches.record($0) }
        return configuration
    }

    private static func makeRegistry() -> PrometheusRegistry {
        PrometheusRegistry(
            help: [
                "rostrum_requests": "REST calls by command and ErrorCode.",
                "rostrum_request_duration": "Time from a call's head to its reply.",
                "rostrum_usersig_cache": "UserSigs looked up among those verified before.",
                "rostrum_commit_batch_size": "Operations that one durable commit carried.",
            ]
        )
    }

    private static func makeLogger(_ format: LogFormat, _ level: Logger.Level) -> Logger {
        Logger(label: "rostrum") { StreamLog(label: $0, format: format, level: level) }
    }

    private static func writtenCertificate(_ directory: DataDirectory) throws -> SelfMadeCertificate {
        let certificate = try SelfMadeCertificate()
        try Data(certificate.certificatePEM.utf8).write(to: URL(filePath: directory.certificate))
        return certificate
    }

    private static func announce(
        _ settings: DevSettings,
        _ ports: [Readiness.Door: Int],
        _ directory: DataDirectory,
        at now: Timestamp,
        _ output: (String) -> Void
    ) {
        let base = "http://\(urlHost(settings.host)):\(ports[.main] ?? 0)"
        let userSig = UserSig.token(
            sdkAppID: Emulation.applicationNumber,
            identifier: "administrator",
            key: settings.key,
            issuedAt: now.seconds,
            lifetime: UserSig.defaultLifetime
        )
        if let admin = ports[.admin] { output("metrics and health are on http://\(urlHost(settings.host)):\(admin)") }
        if let tls = ports[.tls] {
            output("HTTPS is on https://\(urlHost(settings.host)):\(tls), certificate \(directory.certificate)")
        }
        output(
            """
            Try it:

            curl '\(base)/v4/official_account_open_http_svc/create_official_account\
            ?sdkappid=\(Emulation.applicationNumber)&identifier=administrator&usersig=\(userSig)\
            &random=99999999&contenttype=json' -d '{"Owner_Account":"107867","Name":"My first channel"}'

            """
        )
        output("rostrum is ready on \(base)")
    }

    /// A host as it stands in a URL: IPv6 addresses in brackets.
    private static func urlHost(_ host: String) -> String {
        host.contains(":") ? "[\(host)]" : host
    }
}

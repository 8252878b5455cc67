import Addresses
import AdminAPI
import Chat
import ChatProtocol
import Console
import Database
import Emulator
import FoundationEssentials
import Gateway
import Handbook
import ServiceLifecycle
import UserSig
import WebSockets
import WebhookDelivery

extension RunningServer {
    /// Runs `rostrum dev` until SIGTERM or SIGINT.
    ///
    /// - Parameter output: where the `curl` and the ready line go.
    /// - Throws: ``SettingError`` or ``StartError`` when the server cannot start.
    package static func dev(_ settings: DevSettings, output: @escaping @Sendable (String) -> Void) async throws {
        do throws(ChatError) {
            for (name, value) in settings.limits { try name.demandAllowed(value) }
        } catch {
            throw SettingError("limits", error.info)
        }
        guard let path = settings.dataDirectory else {
            let temporary = try DataDirectory.temporary()
            defer { temporary.remove() }
            return try await dev(settings, in: temporary, output)
        }
        try await dev(settings, in: try DataDirectory(setting: path), output)
    }

    private static func dev(
        _ settings: DevSettings,
        in directory: DataDirectory,
        _ output: @escaping @Sendable (String) -> Void
    ) async throws {
        let registry = makeRegistry()
        let logger = makeLogger(settings.logFormat, settings.logLevel)
        let lock = try directory.lock()
        let look = { (database: any Database) in try await refuseServedInstallation(database, in: directory) }
        try await directory.addChecksums(logger, before: look)
        let storage = try await OpenStorage.open(
            .directory(directory),
            observer: observer(registry, logger),
            before: look
        )
        let clock = try await storage.emulatorClock()
        let server = RunningServer(
            Installation(
                storage,
                clock: clock,
                webhookPolicy: AddressPolicy(allowing: AddressRange.loopback + settings.webhookAllow),
                overrides: settings.limits,
                metrics: registry
            ),
            company: .alone,
            registry: registry,
            logger: logger
        )
        let emulation = Emulation(
            database: server.systems.database,
            applications: server.systems.applications,
            accounts: server.systems.accounts,
            random: server.systems.random,
            clock: clock
        )
        do throws(ChatError) {
            try await emulation.prepare(key: settings.key)
        } catch {
            await server.close()
            throw StartError(error)
        }
        let faults = Faults()
        let log = RequestLog(clock: clock, faults: faults)
        let clientAddress = ClientAddress(trustedProxies: settings.trustedProxies)
        let door = FrontDoor(
            api: server.api(observer: log),
            health: server.health,
            doors: EmulatorDoors(
                emulation: emulation,
                clock: clock,
                faults: faults,
                log: log,
                channels: server.systems.channels,
                commandNames: server.catalogue.names
            ),
            console: server.console(emulator: Console.EmulatorParts(clock: clock, faults: faults, log: log)),
            clientAddress: clientAddress,
            propagator: server.propagator
        )
        let gateway = server.gateway(settings.addressLimits, clientAddress)
        server.observe(.directory(directory), gateway)
        let webSocketDoors: [String: any WebSocketDoor] = [
            EchoDoor.path: EchoDoor(), Gateway.path: gateway.door,
        ]
        let readiness = Readiness(settings.doors) { ports in
            announce(settings, ports, directory, at: clock.now, output)
        }
        var services: [any Service] = server.background + [gateway]
        if let port = settings.adminPort {
            services.append(
                try Listener(host: settings.host, port: port, hostSetting: "host")
                    .service(server.adminDoor, logger: logger) { readiness.listening(.admin, port: $0) }
            )
        }
        if let port = settings.tlsPort {
            let certificate = try SelfMadeCertificate()
            try certificate.write(to: directory)
            let served = try ServedCertificate(certificate)
            services.append(
                try Listener(host: settings.host, port: port, hostSetting: "host", certificate: served)
                    .service(door, doors: webSocketDoors, logger: logger) { readiness.listening(.tls, port: $0) }
            )
        }
        services.append(
            try Listener(host: settings.host, port: settings.port, hostSetting: "host")
                .service(door, doors: webSocketDoors, logger: logger) { readiness.listening(.main, port: $0) }
        )
        services.append(MonitorSampling(monitor: server.monitor))
        try await server.run(services)
        _ = consume lock
    }

    /// Makes sure that no installation of `rostrum serve` gets an application whose key everybody has, and that nothing
    /// in it is touched.
    private static func refuseServedInstallation(
        _ database: any Database,
        in directory: DataDirectory
    ) async throws {
        guard try await Emulation.isServed(database) else { return }
        throw StartError(
            """
            the data directory \(directory.path) holds applications that were not made for the emulator: it is an \
            installation of rostrum serve; give the emulator another directory
            """
        )
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
        output("the documentation is on \(base)\(Handbook.path)")
        output("the console is on \(base)\(Console.path)")
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
}

extension DevSettings {
    /// What must listen before the emulator is ready.
    fileprivate var doors: Set<Readiness.Door> {
        var doors: Set<Readiness.Door> = [.main]
        if tlsPort != nil { doors.insert(.tls) }
        if adminPort != nil { doors.insert(.admin) }
        return doors
    }
}

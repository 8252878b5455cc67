import AdminAPI
import Chat
import ChatProtocol
import Console
import Database
import Emulator
import EventBus
import EventBusNATS
import Gateway
import Logging
import Observability
import ServiceLifecycle
import WebhookDelivery

extension RunningServer {
    /// Runs `rostrum serve` until SIGTERM or SIGINT.
    ///
    /// - Parameter output: where the ready line goes.
    /// - Throws: ``SettingError`` or ``StartError`` when the server cannot start.
    package static func serve(
        _ settings: ServeSettings,
        output: @escaping @Sendable (String) -> Void
    ) async throws {
        let registry = makeRegistry()
        let logger = makeLogger(settings.logFormat, settings.logLevel)
        var certificate: ServedCertificate?
        if let files = settings.tls { certificate = try ServedCertificate(files) }
        let hangups = await Hangups(certificate: certificate, logger: logger)
        switch settings.storage {
        case .directory(let path):
            let directory = try DataDirectory(setting: path)
            let lock = try directory.lock()
            try await directory.addChecksums(logger, masterKey: settings.masterKey)
            // The directory is locked, so nobody else can be there.
            let server = try await open(.directory(directory), nil, settings, registry, logger)
            try await server.serve(settings, .directory(directory), certificate, hangups, output)
            _ = consume lock
        case .cluster(let database, let bus):
            let server = try await open(.server(database), busSettings(bus), settings, registry, logger)
            try await server.serve(settings, .server(database), certificate, hangups, output)
        }
    }

    /// - Parameter bus: nil when nobody else can be on the storage.
    private static func open(
        _ location: StorageLocation,
        _ bus: NATSSettings?,
        _ settings: ServeSettings,
        _ registry: PrometheusRegistry,
        _ logger: Logger
    ) async throws -> RunningServer {
        let storage = try await OpenStorage.open(
            location,
            masterKey: settings.masterKey,
            observer: observer(registry, logger)
        )
        let installation: Installation
        do {
            var connected: NATSEventBus?
            if let bus {
                let node = PeerNode(
                    id: storage.random.hex(bytes: 8),
                    version: Release.version,
                    roles: settings.roles.map(\.rawValue)
                )
                connected = try NATSEventBus.start(
                    bus,
                    installation: try await InstallationIdentity.find(in: storage.database, random: storage.random),
                    node: node,
                    metrics: registry,
                    logger: logger
                )
            }
            installation = Installation(
                storage,
                bus: connected,
                clock: SystemClock(),
                webhookPolicy: AddressPolicy(allowing: settings.webhookAllow),
                metrics: registry
            )
        } catch {
            await storage.database.close()
            if let error = error as? NATSSettings.Invalid { throw SettingError("bus", error.description) }
            throw error
        }
        let server = RunningServer(
            installation,
            company: bus == nil ? .alone : .others,
            roles: settings.roles,
            registry: registry,
            logger: logger
        )
        do {
            try await server.refuseThePublishedKey(on: settings.host)
        } catch {
            await server.close()
            throw error
        }
        return server
    }

    private static func busSettings(_ url: String) throws(SettingError) -> NATSSettings {
        do throws(NATSSettings.Invalid) {
            return try NATSSettings(url: url)
        } catch {
            throw SettingError("bus", error.description)
        }
    }

    /// Listens and works until SIGTERM or SIGINT.
    private func serve(
        _ settings: ServeSettings,
        _ location: StorageLocation,
        _ certificate: ServedCertificate?,
        _ hangups: Hangups,
        _ output: @escaping @Sendable (String) -> Void
    ) async throws {
        let clientAddress = ClientAddress(trustedProxies: settings.trustedProxies)
        let gateway = settings.roles.contains(.gateway) ? gateway(settings.addressLimits, clientAddress) : nil
        observe(location, gateway)
        if let certificate { observe(certificate) }
        let door = FrontDoor(
            api: api(observer: nil),
            health: health,
            roles: settings.roles,
            doors: nil,
            console: settings.console.place == .beside ? console(origins: settings.console.origins) : nil,
            clientAddress: clientAddress,
            propagator: propagator
        )
        let scheme = certificate == nil ? "http" : "https"
        var doors: Set<Readiness.Door> = [.main, .admin]
        var pages: [any Service] = []
        if case .alone = settings.console.place { doors.insert(.console) }
        if settings.httpPort != nil { doors.insert(.plain) }
        let readiness = Readiness(doors) { ports in
            if let plain = ports[.plain] {
                output("browsers are sent to HTTPS from http://\(Self.urlHost(settings.host)):\(plain)")
            }
            if case .alone(let host, _) = settings.console.place {
                output("the console is on \(scheme)://\(Self.urlHost(host)):\(ports[.console] ?? 0)\(Console.path)")
            }
            output("metrics and health are on http://\(Self.urlHost(settings.adminHost)):\(ports[.admin] ?? 0)")
            output("rostrum is ready on \(scheme)://\(Self.urlHost(settings.host)):\(ports[.main] ?? 0)")
        }
        let admin = try Listener(host: settings.adminHost, port: settings.adminPort, hostSetting: "admin-host")
            .service(adminDoor, logger: logger) { readiness.listening(.admin, port: $0) }
        let target = RedirectDoor.Target(port: settings.port)
        let main = try Listener(
            host: settings.host,
            port: settings.port,
            hostSetting: "host",
            certificate: certificate
        ).service(
            StrictTransport(door: door, lifetime: settings.strictTransportSeconds),
            doors: gateway.map { [Gateway.path: $0.door] } ?? [:],
            logger: logger
        ) { port in
            target.port = port
            readiness.listening(.main, port: port)
        }
        if let port = settings.httpPort {
            let redirect = RedirectDoor(
                target: target,
                origins: settings.console.origins,
                refusal: { [api = door.api] error in api.refusal(error) }
            )
            pages.append(
                try Listener(host: settings.host, port: port, hostSetting: "host")
                    .service(redirect, logger: logger) { readiness.listening(.plain, port: $0) }
            )
        }
        if case .alone(let host, let port) = settings.console.place {
            let door = ConsoleDoor(
                console: console(origins: settings.console.origins),
                clientAddress: clientAddress,
                propagator: propagator
            )
            pages.append(
                try Listener(host: host, port: port, hostSetting: "console-host", certificate: certificate)
                    .service(
                        StrictTransport(door: door, lifetime: settings.strictTransportSeconds),
                        logger: logger
                    ) { readiness.listening(.console, port: $0) }
            )
        }
        let live: [any Service] = gateway.map { [$0] } ?? []
        let sampling: [any Service] =
            settings.console.place == .nowhere ? [] : [MonitorSampling(monitor: monitor)]
        try await run([hangups] + background + live + pages + [admin, main] + sampling)
    }

    /// Makes sure that nobody elsewhere can sign with the key that every copy of Rostrum has.
    private func refuseThePublishedKey(on host: String) async throws(StartError) {
        guard !Loopback.isName(host) else { return }
        let owners: [SDKAppID]
        do throws(ChatError) {
            owners = try await systems.applications.owners(ofKey: Emulation.publishedKey)
        } catch {
            throw StartError(error)
        }
        if let id = owners.first {
            throw StartError(
                """
                application \(id) has the emulator's published key, with which anyone could sign as its \
                admin; rotate it (rostrum app rotate-key, then --finish), delete the application, or listen on 127.0.0.1
                """
            )
        }
    }
}

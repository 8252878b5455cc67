import Chat
import ChatProtocol
import Emulator
import Gateway
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
        let tls = try settings.tls?.configuration()
        let directory = try DataDirectory(setting: settings.dataDirectory)
        let lock = try directory.lock()
        let storage = try await OpenStorage.open(directory, masterKey: settings.masterKey, engine: engine(registry))
        let server = RunningServer(
            Installation(
                storage,
                clock: SystemClock(),
                webhookPolicy: AddressPolicy(allowing: settings.webhookAllow)
            ),
            // The directory is locked, so nobody else can be there.
            company: .alone,
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
        let clientAddress = ClientAddress(trustedProxies: settings.trustedProxies)
        let gateway = settings.roles.contains(.gateway) ? server.gateway(settings.addressLimits, clientAddress) : nil
        let door = FrontDoor(
            api: server.api(observer: nil),
            health: server.health,
            roles: settings.roles,
            doors: nil,
            clientAddress: clientAddress
        )
        let scheme = tls == nil ? "http" : "https"
        let readiness = Readiness([.main, .admin]) { ports in
            output("metrics and health are on http://\(urlHost(settings.adminHost)):\(ports[.admin] ?? 0)")
            output("rostrum is ready on \(scheme)://\(urlHost(settings.host)):\(ports[.main] ?? 0)")
        }
        let admin = try Listener(host: settings.adminHost, port: settings.adminPort, hostSetting: "admin-host")
            .service(server.adminDoor, logger: logger) { readiness.listening(.admin, port: $0) }
        let main = try Listener(host: settings.host, port: settings.port, hostSetting: "host", tls: tls)
            .service(door, doors: gateway.map { [Gateway.path: $0.door] } ?? [:], logger: logger) {
                readiness.listening(.main, port: $0)
            }
        let live: [any Service] = gateway.map { [$0] } ?? []
        try await server.run(server.background + live + [admin, main])
        _ = consume lock
    }

    /// Makes sure that nobody elsewhere can sign with the key that every copy of Rostrum has.
    private func refuseThePublishedKey(on host: String) async throws(StartError) {
        guard !Loopback.isName(host) else { return }
        let applications: [Application]
        do throws(ChatError) {
            applications = try await systems.applications.all()
        } catch {
            throw StartError(error)
        }
        for application in applications
        where application.keys.contains(where: { $0.text == Emulation.publishedKey }) {
            throw StartError(
                """
                application \(application.id) has the emulator's published key, with which anyone could sign as its \
                admin; rotate it (rostrum app rotate-key, then --finish), delete the application, or listen on 127.0.0.1
                """
            )
        }
    }
}

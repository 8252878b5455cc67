import AdminAPI
import Chat
import Console
import Database
import EventBus
import EventBusNATS
import Gateway
import Logging
import Metrics
import Observability
import ServiceLifecycle
import Traces
import UnixSignals
import WebhookDelivery

/// The composition root: settings become services, wired once, started in order and stopped in reverse.
///
/// What `rostrum serve` and `rostrum dev` have in common; each has a file of its own.
package struct RunningServer: Sendable {
    private let installation: Installation
    let systems: Systems
    let catalogue: Catalogue
    let registry: PrometheusRegistry
    let logger: Logger
    let health: Health
    /// What the console's monitor shows.
    let monitor: Monitor
    /// Takes traces from requests.
    let propagator: W3CPropagator
    private let roles: Set<Role>
    let leases: Leases
    private let admission: Admission

    /// - Parameters:
    ///   - company: whether other nodes may run on the storage.
    ///   - roles: what this node runs.
    init(
        _ installation: Installation,
        company: Leases.Company,
        roles: Set<Role> = Set(Role.allCases),
        registry: PrometheusRegistry,
        logger: Logger
    ) {
        (self.installation, self.roles, self.registry, self.logger) = (installation, roles, registry, logger)
        systems = installation.systems
        monitor = Monitor(registry)
        propagator = W3CPropagator(random: systems.random.bytes)
        health = Health(
            database: systems.database,
            clock: systems.clock,
            probe: ReadinessProbe(random: systems.random),
            roles: roles,
            bus: installation.bus.map { bus in { @Sendable in bus.status } },
            logger: logger
        )
        let damage = systems.database.damage
        registry.observe("rostrum_storage_damaged", help: "Whether the storage has shown damage: 1 or 0.") {
            damage.found == nil ? 0 : 1
        }
        damage.listen { error in
            logger.critical("the storage is damaged", metadata: ["storage.damage": .string(error.message)])
        }
        leases = Leases(company, database: systems.database, random: systems.random)
        catalogue = Catalogue(systems)
        admission = Admission(
            applications: systems.applications,
            authentication: Authentication(
                database: systems.database,
                bus: systems.bus,
                clock: systems.clock,
                metrics: registry
            )
        )
    }

    var adminDoor: AdminDoor {
        AdminDoor(registry: registry, health: health)
    }

    /// What works by itself in the background, as far as this node runs it; to be started before anything that listens.
    var background: [any Service] {
        var services: [any Service] = [SelfObservation(systems, health: health, metrics: registry)]
        if leases.company == .others { services.append(Heartbeat(leases: leases, logger: logger)) }
        if roles.contains(.maintenance) {
            services.append(Maintenance(sweep: systems.sweep, leases: leases, metrics: registry, logger: logger))
        }
        if roles.contains(.webhooks) {
            services.append(OutboxReader(systems, leases: leases, metrics: registry, logger: logger))
        }
        return services
    }

    /// The live connections.
    ///
    /// - Parameters:
    ///   - addressLimits: what one address may have.
    ///   - clientAddress: finds out who calls when proxies stand between.
    func gateway(_ addressLimits: AddressLimits.Settings, _ clientAddress: ClientAddress) -> Gateway {
        Gateway(
            systems,
            sessions: installation.sessions,
            admission: admission,
            addressLimits: addressLimits,
            address: clientAddress.find,
            metrics: registry,
            logger: logger
        )
    }

    /// - Parameter observer: the emulator's; nil in production.
    func api(observer: (any CallObserver)?) -> AdminAPI {
        AdminAPI(
            catalogue: catalogue,
            admission: admission,
            clock: systems.clock,
            random: systems.random,
            observer: observer,
            metrics: registry,
            logger: logger
        )
    }

    /// The operator's pages.
    ///
    /// - Parameters:
    ///   - origins: under which addresses people reach them.
    ///   - emulator: nil in production.
    func console(origins: [String] = [], emulator: Console.EmulatorParts? = nil) -> Console {
        Console(
            systems,
            catalogue: catalogue,
            addresses: ConsoleAddresses(origins: origins),
            emulator: emulator,
            monitor: monitor,
            logger: logger
        )
    }

    /// Runs services in their order until SIGTERM or SIGINT, then closes the storage.
    ///
    /// - Throws: ``SettingError`` or ``StartError`` when one of them fails.
    func run(_ services: [any Service]) async throws {
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
            await close()
            throw error is SettingError || error is StartError ? error : StartError("\(error)")
        }
        await close()
    }

    func close() async {
        await installation.close()
        LogOutput.standardError.flush()
    }

    static func makeLogger(_ format: LogFormat, _ level: Logger.Level) -> Logger {
        Logger(label: "rostrum") { StreamLog(label: $0, format: format, level: level, metadataProvider: .trace) }
    }

    static func makeRegistry() -> PrometheusRegistry {
        let registry = PrometheusRegistry(buckets: MetricHelp.buckets, help: MetricHelp.sentences)
        registry.observe("rostrum_log_dropped_lines", help: "Log lines that were lost because nobody read them.") {
            Double(LogOutput.standardError.droppedLines)
        }
        return registry
    }

    /// Counts the commits of the storage engine, and logs what is to be known of it.
    static func observer(_ registry: PrometheusRegistry, _ logger: Logger) -> StorageLocation.Observer {
        let batches = Recorder(label: "rostrum_commit_batch_size", factory: registry)
        let durations = Timer(label: "rostrum_commit_duration", factory: registry)
        var observer = StorageLocation.Observer()
        observer.onCommit = { operations, took in
            batches.record(operations)
            durations.record(duration: took)
        }
        observer.onWarning = { logger.warning("\($0)") }
        observer.onTornLog = observer.onWarning
        return observer
    }

    /// A host as it stands in a URL: IPv6 addresses in brackets.
    static func urlHost(_ host: String) -> String {
        host.contains(":") ? "[\(host)]" : host
    }
}

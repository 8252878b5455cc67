import Chat
import ChatProtocol
import Database
import Gateway
import Metrics
import Observability

extension RunningServer {
    /// Exposes what can be read at the moment at which somebody asks.
    ///
    /// - Parameter location: where the data is.
    func observe(_ location: StorageLocation, _ gateway: Gateway?) {
        Gauge(label: "rostrum_build_info", dimensions: [("version", Release.version)], factory: registry).record(1)
        registry.observe("rostrum_ready", help: "Whether the storage took a durable write lately: 1 or 0.") {
            [health] in
            health.wasReady ? 1 : 0
        }
        observeMachine()
        observeLoad()
        observeLeases()
        if case .directory(let directory) = location { observeFiles(in: directory) }
        guard let gateway else { return }
        registry.observe(
            "rostrum_address_sessions_largest",
            help: "Live sessions of the address that has most of them."
        ) {
            Double(gateway.fullestAddress.sessions)
        }
        registry.observe("rostrum_address_sessions_limit", help: "Sessions that one address may have; 0 = no limit.") {
            Double(gateway.fullestAddress.limit)
        }
    }

    private func observeMachine() {
        registry.observe("rostrum_clock_seconds", help: "What time this machine believes it is.") {
            MachineReadings.seconds
        }
        if MachineReadings.isClockSynchronized != nil {
            registry.observe("rostrum_clock_synchronized", help: "Whether something keeps the clock right: 1 or 0.") {
                MachineReadings.isClockSynchronized == false ? 0 : 1
            }
        }
        if let limit = MachineReadings.memoryLimit {
            registry.observe("rostrum_memory_limit_bytes", help: "Memory that the process may have, read at the start.")
            {
                Double(limit)
            }
        }
    }

    private func observeLoad() {
        let database = systems.database
        let kinds: [(name: String, queue: @Sendable (StorageLoad) -> StorageLoad.Queue)] = [
            ("read", { $0.reads }), ("write", { $0.writes }),
        ]
        for (name, queue) in kinds {
            let dimensions = [("kind", name)]
            registry.observe(
                "rostrum_storage_waiting",
                dimensions: dimensions,
                help: "Operations that wait for a connection to the storage."
            ) {
                Double(queue(database.load).waiting)
            }
            registry.observe(
                "rostrum_storage_busy",
                dimensions: dimensions,
                help: "Connections to the storage that are at work."
            ) {
                Double(queue(database.load).busy)
            }
            registry.observe(
                "rostrum_storage_connections",
                dimensions: dimensions,
                help: "Connections to the storage that may be at work at once."
            ) {
                Double(queue(database.load).workers)
            }
        }
    }

    private func observeLeases() {
        guard leases.company == .others else { return }
        registry.observe(
            "rostrum_lease_current",
            help: "Whether the node could say in time that it lives, and may do what one node does at a time: 1 or 0."
        ) { [leases] in
            leases.health.isCurrent ? 1 : 0
        }
        registry.observeTotal(
            "rostrum_lease_lapses",
            help: "How often the node left its work to others because it could not say in time that it lives."
        ) { [leases] in
            Double(leases.health.lapses)
        }
    }

    private func observeFiles(in directory: DataDirectory) {
        registry.observe("rostrum_data_directory_free_bytes", help: "Room on the disk of the data directory.") {
            MachineReadings.space(in: directory.path).map { Double($0.free) } ?? .nan
        }
        registry.observe("rostrum_data_directory_size_bytes", help: "Size of the disk of the data directory.") {
            MachineReadings.space(in: directory.path).map { Double($0.all) } ?? .nan
        }
        for (name, path) in [("database", directory.database), ("log", directory.database + "-wal")] {
            registry.observe(
                "rostrum_database_bytes",
                dimensions: [("file", name)],
                help: "Sizes of the database and of its write-ahead log."
            ) {
                MachineReadings.size(of: path).map(Double.init) ?? 0
            }
        }
    }
}

import EventBusNATS

/// Whether a NATS server can be reached.
enum BusExamination {
    static func examine(_ url: String) -> Finding {
        do throws(NATSSettings.Invalid) {
            let (server, known) = try NATSSettings(url: url).tryToConnect()
            guard known > 1 else {
                return .ok(
                    .bus,
                    "NATS answers at \(server), the only server; while it is away, other nodes' posts come late"
                )
            }
            return .ok(.bus, "NATS answers at \(server), one of \(known) servers")
        } catch {
            return .error(
                .bus,
                "NATS cannot be used: \(error.description)",
                "see that it runs, and that this machine may connect; nodes go on without it, only slower"
            )
        }
    }
}

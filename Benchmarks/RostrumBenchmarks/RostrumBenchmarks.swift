import ArgumentParser

/// The parts of `make bench` that are programs: the baselines, and a way to fill a data directory.
@main
struct RostrumBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rostrum-benchmarks",
        subcommands: [
            BareRoute.self, RawSQLite.self, RawSubscribe.self, BarePosts.self, Receiver.self, Seed.self,
            SeedSubscribers.self, SeedSubscriptions.self, SeedOutbox.self, Statements.self, UpgradePaths.self,
            PostgresCreates.self,
        ]
    )
}

import ArgumentParser
import Chat
import ChatProtocol

/// Imports accounts `user_0` and on, and subscribes the first of them to a channel, through the domain.
struct SeedSubscribers: AsyncParsableCommand {
    @Option var dataDir: String
    @Option var channel: String
    @Option var accounts: Int
    @Option var subscribers: Int

    func run() async throws {
        try await BenchmarkInstallation.with(dataDir) { systems, id in
            guard let channel = ChannelID(rawValue: channel) else { throw ValidationError("no channel ID") }
            try await Seeding.importAccounts(accounts, systems, id)
            try await Seeding.makeChannel(channel, subscribers: (0..<subscribers).map { "user_\($0)" }, systems, id)
        }
    }
}

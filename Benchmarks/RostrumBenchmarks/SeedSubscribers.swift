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
            for first in stride(from: 0, to: accounts, by: 2000) {
                let names = (first..<min(first + 2000, accounts)).compactMap { UserID(rawValue: "user_\($0)") }
                _ = try await systems.accounts.importAll(
                    names.map { NewAccount(id: $0) },
                    for: try await BenchmarkInstallation.call(systems, id)
                )
            }
            _ = try await systems.channels.create(
                NewChannel(id: channel, owner: "107867", profile: ChannelProfile(name: "Harbour News")),
                for: try await BenchmarkInstallation.call(systems, id)
            )
            for first in stride(from: 0, to: subscribers, by: 100) {
                let names = (first..<min(first + 100, subscribers)).map { "user_\($0)" }
                _ = try await systems.subscribers.add(
                    names,
                    to: channel,
                    for: try await BenchmarkInstallation.call(systems, id)
                )
            }
        }
    }
}

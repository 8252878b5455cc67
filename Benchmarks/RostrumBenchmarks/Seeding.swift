import Chat
import ChatProtocol

/// The beginnings that parts of the benchmark have in common, made through the domain.
enum Seeding {
    /// Imports accounts `user_0` and on.
    static func importAccounts(_ count: Int, _ systems: Systems, _ id: SDKAppID) async throws {
        for first in stride(from: 0, to: count, by: 2000) {
            let names = (first..<min(first + 2000, count)).compactMap { UserID(rawValue: "user_\($0)") }
            _ = try await systems.accounts.importAll(
                names.map { NewAccount(id: $0) },
                for: try await BenchmarkInstallation.call(systems, id)
            )
        }
    }

    /// Makes a channel, and subscribes accounts that are imported.
    static func makeChannel(
        _ channel: ChannelID,
        subscribers: [String],
        _ systems: Systems,
        _ id: SDKAppID
    ) async throws {
        _ = try await systems.channels.create(
            NewChannel(id: channel, owner: "107867", profile: ChannelProfile(name: "Harbour News")),
            for: try await BenchmarkInstallation.call(systems, id)
        )
        for first in stride(from: 0, to: subscribers.count, by: 100) {
            _ = try await systems.subscribers.add(
                Array(subscribers[first..<min(first + 100, subscribers.count)]),
                to: channel,
                for: try await BenchmarkInstallation.call(systems, id)
            )
        }
    }
}

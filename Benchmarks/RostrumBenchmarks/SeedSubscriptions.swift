import ArgumentParser
import Chat
import ChatProtocol

/// Imports accounts `user_0` and on, and makes channels `@TOA#_live_0` and on whose subscribers they are.
///
/// Each account subscribes to so many of the channels, the next one to those that follow, around and around: so the
/// channels have equally many subscribers when the numbers go into each other.
struct SeedSubscriptions: AsyncParsableCommand {
    @Option var dataDir: String
    @Option var accounts: Int
    @Option var channels: Int
    @Option(help: "Subscriptions of each account.")
    var each: Int

    func run() async throws {
        guard channels > 0, (0...channels).contains(each) else { throw ValidationError("--each is at most --channels") }
        try await BenchmarkInstallation.with(dataDir) { systems, id in
            try await Seeding.importAccounts(accounts, systems, id)
            var subscribers = Array(repeating: [String](), count: channels)
            for account in 0..<accounts {
                for place in 0..<each { subscribers[(account * each + place) % channels].append("user_\(account)") }
            }
            for (number, names) in subscribers.enumerated() {
                guard let channel = ChannelID(rawValue: "@TOA#_live_\(number)") else {
                    throw ValidationError("no channel ID")
                }
                try await Seeding.makeChannel(channel, subscribers: names, systems, id)
            }
        }
    }
}

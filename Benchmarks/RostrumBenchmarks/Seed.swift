import ArgumentParser
import Chat
import ChatProtocol
import Database
import Server

/// Makes an application with an owner and so many channels in a data directory, past the API.
struct Seed: AsyncParsableCommand {
    @Option var dataDir: String
    @Option var channels: Int

    /// The application, admin, owner and key that the benchmark uses.
    static let application: Int64 = 1_400_000_001
    static let key = String(repeating: "a", count: 64)

    func run() async throws {
        let storage = try await OpenStorage.open(try DataDirectory(dataDir, makeIfMissing: true))
        let installation = Installation(storage, clock: SystemClock())
        guard let id = SDKAppID(rawValue: Self.application), let admin = UserID(rawValue: "administrator"),
            let owner = UserID(rawValue: "107867")
        else { throw ValidationError("the benchmark's own names are wrong") }
        let now = installation.clock.now
        if try await installation.applications.find(id) == nil {
            let operation = Operation(performer: "benchmark", time: now, random: installation.random)
            _ = try await installation.applications.create(
                NewApplication(
                    id: id,
                    name: "benchmark",
                    plan: .enterprise,
                    key: Self.key,
                    admins: [admin, owner],
                    webhookSecret: Self.key
                ),
                by: operation
            )
            var change = ApplicationChange()
            change.ownLimits = [.callsPerSecond: .some(0), .channels: .some(0)]
            let second = Operation(performer: "benchmark", time: now, random: installation.random)
            _ = try await installation.applications.update(id, change, by: second)
        }
        var left = channels
        while left > 0 {
            let count = min(left, 20_000)
            let random = installation.random
            try await installation.database.write { tx throws(ChatError) in
                for _ in 0..<count {
                    try tx.execute(
                        """
                        INSERT INTO channels (app, id, owner, name, introduction, face_url, organization,
                            custom_string, max_subscribers, subscribers, last_message_at, created_at)
                        VALUES (\(id), \("@TOA#_" + random.hex(bytes: 10)), \(owner), \("Harbour News"),
                            \("Tides and ferries"), \("https://img.example.net/h.png"), \("Port of Example"),
                            \("{\"lang\":\"en\"}"), \(100_000), \(0), \(0), \(now))
                        """
                    )
                }
                try tx.execute("UPDATE application_usage SET channels = channels + \(count) WHERE app = \(id)")
            }
            left -= count
        }
        let sample = try await installation.channels.page(of: id, after: "", limit: 1).first
        print(sample?.id.rawValue ?? "")
        await installation.close()
    }
}

import ArgumentParser
import Chat
import ChatProtocol
import Database

/// Makes an application with an owner and so many channels in a data directory, past the API.
struct Seed: AsyncParsableCommand {
    @Option var dataDir: String
    @Option var channels: Int

    func run() async throws {
        try await BenchmarkInstallation.with(dataDir) { systems, id in
            try await fill(systems, id)
            let sample = try await systems.channels.page(of: id, after: "", limit: 1).first
            print(sample?.id.rawValue ?? "")
        }
    }

    private func fill(_ systems: Systems, _ id: SDKAppID) async throws {
        let (random, now) = (systems.random, systems.clock.now)
        var left = channels
        while left > 0 {
            let count = min(left, 20_000)
            try await systems.database.write { tx throws(ChatError) in
                for _ in 0..<count {
                    try tx.execute(
                        """
                        INSERT INTO channels (app, id, owner, name, introduction, face_url, organization,
                            custom_string, max_subscribers, subscribers, last_message_at, created_at)
                        VALUES (\(id), \("@TOA#_" + random.hex(bytes: 10)), \("107867"), \("Harbour News"),
                            \("Tides and ferries"), \("https://img.example.net/h.png"), \("Port of Example"),
                            \("{\"lang\":\"en\"}"), \(100_000), \(0), \(0), \(now))
                        """
                    )
                }
                try tx.execute("UPDATE application_usage SET channels = channels + \(count) WHERE app = \(id)")
            }
            left -= count
        }
    }
}

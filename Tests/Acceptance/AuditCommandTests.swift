import FoundationEssentials
import RostrumTesting
import Testing

/// `rostrum app audit`.
@Suite("The audit on the command line")
struct AuditCommandTests {
    /// A change as `rostrum app audit --json` shows it.
    struct Change: Decodable {
        let time: String
        let requestID: String
        let caller: String
        let address: String
        let action: String
        let target: String

        /// The same in words.
        var line: String {
            let place = address.isEmpty ? "" : " from \(address)"
            return "\(time)  \(caller)\(place)  \(action)  \(target)  \(requestID)"
        }
    }

    @Test("the audit tells who changed what, from where, newest first, and outlives the application")
    func audit() async throws {
        try await withTemporaryDirectory { directory in
            let id = "\(ServedApplication.number)"
            func app(_ words: String..., by user: String = "carol") async throws -> String {
                let run = try await RostrumProgram.run(
                    ["app"] + words + ["--data-dir", directory],
                    environment: ["USER": user]
                )
                try #require(run.succeeded, "\(run.standardError)")
                return run.standardOutput
            }
            _ = try await app("create", id, "--key", ServedApplication.key, by: "alice")
            let serving = ["serve", "--port", "0", "--admin-port", "0", "--data-dir", directory]
            let reply = try await withServer(serving) { server in
                let signatory = Signatory(application: ServedApplication.number, key: ServedApplication.key)
                return try await server.call(Command.create, Command.creating("@TOA#_seen"), as: signatory)
            }
            _ = try await app("rotate-key", id, "--key", "the new key", by: "bob")

            let text = try await app("audit", id, "--json")
            let changes = try JSONDecoder().decode([Change].self, from: Data(text.utf8))
            #expect(changes.map(\.caller) == ["cli:bob", "administrator", "cli:alice"])
            #expect(changes.map(\.address) == ["", "127.0.0.1", ""])
            #expect(changes.map(\.action) == ["app rotate-key", "create_official_account", "app create"])
            #expect(changes.map(\.target) == [id, "@TOA#_seen", id])
            #expect(changes.dropFirst().first?.requestID == reply.RequestId)
            for change in changes {
                let time = try #require(try? Date(change.time, strategy: .iso8601))
                #expect(abs(time.timeIntervalSinceNow) < 600)
            }

            let lines = try await app("audit", id).split(separator: "\n").map(String.init)
            #expect(lines == changes.map(\.line))
            #expect(!text.contains("the new key") && !text.contains(ServedApplication.key))
            let newest = try await app("audit", id, "--limit", "2").split(separator: "\n").map(String.init)
            #expect(newest == Array(lines.prefix(2)))

            _ = try await app("delete", id, "--yes")
            let kept = try await app("audit", id).split(separator: "\n").map(String.init)
            #expect(Array(kept.suffix(3)) == lines)
        }
    }
}

import FoundationEssentials
import RostrumTesting
import Testing

/// `rostrum app`, beside a server that runs on the same directory.
@Suite("The command line")
struct CommandLineTests {
    /// An application as `--json` shows it.
    struct View: Decodable {
        struct Key: Decodable {
            let key: String?
            let createdAt: String
        }

        struct Service: Decodable {
            let enabled: Bool
            let endsAt: String?
        }

        struct Usage: Decodable {
            let channels: Int
            let accounts: Int
        }

        let sdkappid: Int64
        let name: String
        let plan: String
        let enabled: Bool
        let createdAt: String
        let admins: [String]
        let keys: [Key]
        let webhookSecret: String?
        let channelService: Service
        let usage: Usage
        let limits: [String: Int]
        let ownLimits: [String: Int]
    }

    /// How long the server may take to follow: 5 s, and some for a busy machine.
    static let following = Duration.seconds(8)

    @Test("an application is made, listed, shown, changed and deleted, in JSON")
    func lifeInJSON() async throws {
        try await withTemporaryDirectory { directory in
            let made: View = try await json("create", "--name", "Harbour 港", "--plan", "trial", at: directory)
            #expect((1_400_000_000...1_499_999_999).contains(made.sdkappid))
            #expect(made.name == "Harbour 港" && made.plan == "trial" && made.enabled)
            #expect(made.admins == ["administrator"])
            #expect(made.keys.count == 1)
            #expect(made.keys.first?.key?.count == 64)
            #expect(made.webhookSecret != nil)
            #expect(made.usage.channels == 0 && made.usage.accounts == 1)
            #expect(made.channelService.endsAt != nil)

            let id = "\(made.sdkappid)"
            let listed: [View] = try await json("list", at: directory)
            #expect(listed.map(\.sdkappid) == [made.sdkappid])
            #expect(listed.allSatisfy { $0.webhookSecret == nil && $0.keys.allSatisfy { $0.key == nil } })
            let hidden: View = try await json("show", id, at: directory)
            #expect(hidden.webhookSecret == nil && hidden.keys.map(\.key) == [nil])
            let shown: View = try await json("show", id, "--secrets", at: directory)
            #expect(shown.webhookSecret == made.webhookSecret && shown.keys.map(\.key) == made.keys.map(\.key))

            let changed: View = try await json(
                "set",
                id,
                "--name",
                "Port",
                "--plan",
                "enterprise",
                "--disable-serving",
                "--channel-service",
                "off",
                "--channel-service-expires",
                "2031-05-06",
                "--limits",
                "channels=7",
                "callsPerSecond=0",
                at: directory
            )
            #expect(changed.name == "Port" && changed.plan == "enterprise" && !changed.enabled)
            #expect(!changed.channelService.enabled && changed.channelService.endsAt == "2031-05-06T00:00:00Z")
            #expect(changed.ownLimits == ["channels": 7, "callsPerSecond": 0] && changed.limits["channels"] == 7)
            let back: View = try await json(
                "set",
                id,
                "--enable-serving",
                "--channel-service",
                "on",
                "--channel-service-expires",
                "plan",
                "--limits",
                "channels=plan",
                at: directory
            )
            #expect(back.enabled && back.channelService.enabled && back.channelService.endsAt == nil)
            #expect(back.ownLimits == ["callsPerSecond": 0] && back.limits["channels"] == 100_000)
            #expect(back.name == "Port")

            let more: View = try await json("add-admin", id, "ops", at: directory)
            #expect(more.admins == ["administrator", "ops"] && more.usage.accounts == 2)
            let fewer: View = try await json("remove-admin", id, "administrator", at: directory)
            #expect(fewer.admins == ["ops"] && fewer.usage.accounts == 2)

            let rotated: View = try await json("rotate-key", id, "--key", "the new key", at: directory)
            #expect(rotated.keys.map(\.key) == [made.keys.first?.key, "the new key"])
            let finished: View = try await json("rotate-key", id, "--finish", at: directory)
            #expect(finished.keys.count == 1 && finished.webhookSecret == nil)

            let deleted: [String: Int64] = try await json("delete", id, "--yes", at: directory)
            #expect(deleted == ["deleted": made.sdkappid])
            let none: [View] = try await json("list", at: directory)
            #expect(none.isEmpty)
        }
    }

    @Test("people are told the same in words")
    func lifeInWords() async throws {
        try await withTemporaryDirectory { directory in
            let id = "1400000077"
            let made = try await words(
                "create",
                id,
                "--name",
                "Harbour",
                "--key",
                "k1",
                "--admin",
                "ops",
                at: directory
            )
            for (title, value) in [
                "application": id, "name": "Harbour", "plan": "enterprise", "serving": "yes", "admins": "ops",
                "key": "k1",
                "channel service": "without end", "channels": "0 of 100000", "accounts": "1 of no limit",
            ] {
                #expect(lines(made, titled: title) == [value])
            }

            #expect(try await words("list", at: directory) == "\(id)  enterprise  0 channels  1 accounts  Harbour\n")
            let shown = try await words("show", id, at: directory)
            #expect(!shown.contains("k1") && !shown.contains("webhook secret"))
            #expect(lines(shown, titled: "key").first?.hasPrefix("(hidden; --secrets shows it)") == true)
            #expect(lines(try await words("show", id, "--secrets", at: directory), titled: "key") == ["k1"])
            let changed = try await words("set", id, "--disable-serving", "--limits", "accounts=9", at: directory)
            #expect(lines(changed, titled: "serving") == ["no"])
            #expect(lines(changed, titled: "accounts") == ["1 of 9 (its own)"])
            #expect(try await words("list", at: directory).contains("disabled"))
            let more = try await words("add-admin", id, "anna", at: directory)
            #expect(lines(more, titled: "admins") == ["anna, ops"])
            let fewer = try await words("remove-admin", id, "ops", at: directory)
            #expect(lines(fewer, titled: "admins") == ["anna"])
            let rotated = try await words("rotate-key", id, "--key", "k2", at: directory)
            #expect(lines(rotated, titled: "key") == ["k1", "k2"])
            let finished = try await words("rotate-key", id, "--finish", at: directory)
            #expect(lines(finished, titled: "key").count == 1 && !finished.contains("k2"))
            #expect(try await words("delete", id, "--yes", at: directory) == "application \(id) is deleted\n")
        }
    }

    @Test("a running server follows what is made, disabled, limited and deleted beside it")
    func serverFollows() async throws {
        try await ServedApplication.with { application in
            let directory = application.directory
            try await withServer(application.serving) { server in
                let connection = try await server.connect()
                func code(_ signatory: Signatory, _ command: String = Command.check, _ body: String = Command.checkBody)
                    async throws -> Int
                {
                    try await connection.call(command, body, as: signatory).ErrorCode
                }
                func follows(_ what: String, _ signatory: Signatory, _ expected: Int) async throws {
                    try await waitUntil(what, within: Self.following) { try await code(signatory) == expected }
                }
                let first = application.signatory
                #expect(try await code(first) == 0)

                // Another application, asked for before it is there.
                let second = Signatory(application: 1_400_000_002, identifier: "ops", key: "second")
                #expect(try await code(second) == 70020)
                _ = try await words("create", "1400000002", "--key", "second", "--admin", "ops", at: directory)
                try await follows("the new application", second, 0)

                _ = try await words("set", "\(ServedApplication.number)", "--disable-serving", at: directory)
                _ = try await words("add-admin", "1400000002", "anna", at: directory)
                try await follows("the application is disabled", first, 60016)
                let anna = Signatory(application: 1_400_000_002, identifier: "anna", key: "second")
                try await follows("the new admin", anna, 0)

                _ = try await words("set", "\(ServedApplication.number)", "--enable-serving", at: directory)
                _ = try await words("remove-admin", "1400000002", "anna", at: directory)
                _ = try await words("set", "1400000002", "--channel-service", "off", at: directory)
                try await follows("the application is back", first, 0)
                try await waitUntil("the admin is gone", within: Self.following) { try await code(anna) != 0 }
                try await waitUntil("the channel service is off", within: Self.following) {
                    try await code(second, Command.create, Command.creating(owner: "ops")) == 131_000
                }

                _ = try await words("delete", "1400000002", "--yes", at: directory)
                try await follows("the application is deleted", second, 70020)
                #expect(try await code(first) == 0)
            }
        }
    }

    @Test("a change that names one setting leaves the others", arguments: ["--name", "--plan"])
    func nothingElseChanges(flag: String) async throws {
        try await withTemporaryDirectory { directory in
            let id = "1400000078"
            let made: View = try await json("create", id, "--name", "enterprise", at: directory)
            let end = "2030-01-02T03:04:05Z"
            let ended: View = try await json("set", id, "--channel-service-expires", end, at: directory)
            #expect(made.channelService.endsAt == nil && ended.channelService.endsAt == end)

            let changed: View = try await json("set", id, flag, "enterprise", at: directory)

            #expect(changed.channelService.endsAt == end)
            #expect(changed.name == made.name && changed.plan == made.plan && changed.limits == made.limits)
        }
    }

    @Test("while a key is rotated both work, on a server that runs; after --finish the new one alone")
    func rotation() async throws {
        try await ServedApplication.with { application in
            let id = "\(ServedApplication.number)"
            try await withServer(application.serving) { server in
                let old = application.signatory
                let new = Signatory(application: ServedApplication.number, key: "the new key")
                let connection = try await server.connect()
                #expect(try await connection.call(Command.check, Command.checkBody, as: old).ErrorCode == 0)

                _ = try await words("rotate-key", id, "--key", "the new key", at: application.directory)
                // Each attempt is a failed signature until it works: 20 in a minute would lock the caller out.
                try await waitUntil("the new key works", within: Self.following, every: .milliseconds(500)) {
                    #expect(try await connection.call(Command.check, Command.checkBody, as: old).ErrorCode == 0)
                    return try await connection.call(Command.check, Command.checkBody, as: new).ErrorCode == 0
                }
                #expect(try await connection.call(Command.check, Command.checkBody, as: old).ErrorCode == 0)

                _ = try await words("rotate-key", id, "--finish", at: application.directory)
                try await waitUntil("the old key is refused", within: Self.following, every: .milliseconds(500)) {
                    try await connection.call(Command.check, Command.checkBody, as: old).ErrorCode != 0
                }
                #expect(try await connection.call(Command.check, Command.checkBody, as: new).ErrorCode == 0)
            }
        }
    }

    @Test("what cannot be done is said, and the status is not 0")
    func errors() async throws {
        try await ServedApplication.with { application in
            let id = "\(ServedApplication.number)"
            let cases: [([String], String)] = [
                (["app", "create", id], "exists already"),
                (["app", "create", "0"], "SDKAPPID"),
                (["app", "create", "--plan", "gold"], "enterprise"),
                (["app", "create", "--key", ""], "key must be 1 to 256 bytes"),
                (["app", "set", id, "--name", String(repeating: "x", count: 151)], "name must be 0 to 150 bytes"),
                (
                    ["app", "set", id, "--webhook-token", String(repeating: "x", count: 257)],
                    "webhook token must be 0 to 256 bytes"
                ),
                (["app", "show", "1400000099"], "1400000099"),
                (["app", "set", id], "Nothing to change"),
                (["app", "set", id, "--limits", "chanels=1"], "chanels"),
                (["app", "set", id, "--limits", "channels=-1"], "channels must be 0 to"),
                (["dev", "--port", "0", "--limits", "messageBytes=0"], "messageBytes must be 1 to"),
                (["app", "set", id, "--channel-service-expires", "tomorrow"], "tomorrow"),
                (["app", "set", "1400000099", "--name", "x"], "1400000099"),
                (["app", "add-admin", id, "not a name!"], "not a name!"),
                (["app", "remove-admin", id, "nobody"], "nobody"),
                (["app", "rotate-key", id, "--finish", "--key", "x"], "--finish"),
                (["app", "rotate-key", "1400000099"], "1400000099"),
                (["app", "delete", id], "--yes"),
                (["app", "delete", "1400000099"], "no application 1400000099"),
                (["app", "delete", "1400000099", "--yes"], "1400000099"),
                (["app", "audit", id, "--limit", "0"], "--limit"),
                (["usersig", "--app", "1400000099", "--user", "x"], "1400000099"),
                (["usersig", "--app", id, "--user", "x", "--expire", "0"], "--expire"),
                (["nonsense"], "nonsense"),
            ]
            for (words, explanation) in cases {
                let takesDirectory = words != ["nonsense"]
                let run = try await RostrumProgram.run(
                    words + (takesDirectory ? ["--data-dir", application.directory] : [])
                )
                #expect(run.ending != .status(0), "\(words)")
                #expect(run.standardError.contains(explanation), "\(words): \(run.standardError)")
                #expect(run.standardOutput.isEmpty, "\(words)")
            }
            #expect(try await words("list", at: application.directory).contains(id))
        }
    }

    private func words(_ words: String..., at directory: String) async throws -> String {
        let run = try await RostrumProgram.run(["app"] + words + ["--data-dir", directory])
        try #require(run.succeeded, "\(words): \(run.standardError)")
        #expect(run.standardError.isEmpty)
        return run.standardOutput
    }

    private func json<Value: Decodable>(_ words: String..., at directory: String) async throws -> Value {
        let run = try await RostrumProgram.run(["app"] + words + ["--json", "--data-dir", directory])
        try #require(run.succeeded, "\(words): \(run.standardError)")
        return try JSONDecoder().decode(Value.self, from: Data(run.standardOutput.utf8))
    }

    /// The values of the lines with this title.
    private func lines(_ output: String, titled title: String) -> [String] {
        output.split(separator: "\n").filter { $0.hasPrefix(title + "  ") }.map { line in
            String(line.dropFirst(title.count).drop { $0 == " " })
        }
    }
}

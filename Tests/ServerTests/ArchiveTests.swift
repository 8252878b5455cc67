import Chat
import ChatProtocol
import Database
import FoundationEssentials
import RostrumTesting
import Server
import Testing

/// An application is exported and imported.
@Suite struct ArchiveTests {
    private struct Stopped: Error {}

    @Test(
        "what is exported, imported and exported again is the same bytes, from either engine to either",
        arguments: StorageEngine.enabled,
        StorageEngine.enabled
    )
    func roundTrip(from: StorageEngine, to: StorageEngine) async throws {
        try await ExportedApplication.with(from) { exported in
            let written = try await exported.export("first")
            try await withOpenedStorage(on: to) { _, other in
                let summary = try await exported.import("first", into: other)
                try await exported.export("second", of: other)

                let contents = try await MovableInstallation.Contents(TestInstallation(database: other.database))
                let original = try await MovableInstallation.Contents(exported.installation)
                #expect(exported.contents("first") == exported.contents("second"))
                #expect(summary.added == written.lines - 3 && summary.present == 0 && !summary.madeKey)
                #expect(contents.keys == original.keys && contents.posts == original.posts)
                #expect(contents.webhooks == original.webhooks)
            }
        }
    }

    @Test("every kind of line is in the file, in its place", arguments: StorageEngine.enabled)
    func kinds(engine: StorageEngine) async throws {
        try await ExportedApplication.with(engine) { exported in
            try await exported.export("file")

            let kinds = try exported.lines("file").map { line in
                guard case .object(let object) = try JSONValue(parsing: Array(line.utf8)) else { return "" }
                guard case .string(let kind)? = object["Kind"] else { return "" }
                return kind
            }
            #expect(
                kinds == ["Header", "Application", "DeletedAccount"] + Array(repeating: "Account", count: 5)
                    + ["Channel", "Channel"] + Array(repeating: "Subscription", count: 4)
                    + Array(repeating: "Broadcast", count: 7) + ["End"]
            )
        }
    }

    @Test(
        "secrets are in the file only when they are asked for; without them the import makes a key",
        arguments: StorageEngine.enabled
    )
    func secrets(engine: StorageEngine) async throws {
        try await ExportedApplication.with(engine) { exported in
            try await exported.export("open")
            try await exported.export("closed", withSecrets: false)
            try await withOpenedStorage(on: engine) { _, other in
                let summary = try await exported.import("closed", into: other)
                try await exported.export("again", withSecrets: false, of: other)
                let application = try await TestInstallation(database: other.database).application()

                for secret in [NewApplication.exampleKey, "a token", "webhook secret"] {
                    #expect(exported.lines("open")[1].contains(secret))
                    #expect(!String(decoding: exported.contents("closed"), as: UTF8.self).contains(secret))
                }
                #expect(summary.madeKey)
                #expect(application.keys.count == 1 && application.keys[0].text != NewApplication.exampleKey)
                #expect(exported.contents("closed") == exported.contents("again"))
            }
        }
    }

    @Test("what is imported again is compared, and is there once", arguments: StorageEngine.enabled)
    func idempotent(engine: StorageEngine) async throws {
        try await ExportedApplication.with(engine) { exported in
            try await exported.export("file")
            try await withOpenedStorage(on: engine) { _, other in
                let first = try await exported.import("file", into: other)
                let second = try await exported.import("file", into: other)
                try await exported.export("after", of: other)

                #expect((second.added, second.present) == (0, first.added))
                #expect(exported.contents("file") == exported.contents("after"))
                let usage = try await TestInstallation(database: other.database).applications.usage(of: .example)
                #expect((usage.channels, usage.accounts) == (2, 5))
            }
        }
    }

    @Test("in which order a file names the admins, and how often, says nothing")
    func orderOfAdmins() async throws {
        try await ExportedApplication.with(.sqlite) { exported in
            try await exported.export("file")
            var lines = exported.lines("file")
            let admins = #""Admins":["administrator"]"#
            try #require(lines[1].contains(admins))
            lines[1] = lines[1].replacing(admins, with: #""Admins":["zoe","administrator","zoe"]"#)
            try exported.write("other", lines)
            try await withOpenedStorage(on: .sqlite) { _, other in
                try await exported.import("other", into: other)

                #expect(try await exported.import("other", into: other).added == 0)
                try await exported.export("after", of: other)
                #expect(exported.lines("after")[1].contains(#""Admins":["administrator","zoe"]"#))
            }
        }
    }

    @Test(
        "a thing that is there and differs is named with its line, and nothing is changed",
        arguments: StorageEngine.enabled,
        [
            ("UPDATE accounts SET nick = 'x' WHERE id = 'carl'", "Nick"),
            ("UPDATE subscriptions SET read_seq = 1 WHERE account = 'anna'", "ReadSeq"),
            ("UPDATE broadcasts SET recall_reason = 'another' WHERE seq = 2", "RecallReason"),
            ("UPDATE channels SET name = 'H\u{E1}fen' WHERE id = '@TOA#_news'", "Name"),
            ("UPDATE applications SET name = 'x'", "another application"),
        ]
    )
    func conflict(engine: StorageEngine, change: (statement: String, named: String)) async throws {
        try await ExportedApplication.with(engine) { exported in
            try await exported.export("file")
            try await withOpenedStorage(on: engine) { _, other in
                try await exported.import("file", into: other)
                _ = try await other.database.write { tx throws(ChatError) in
                    try tx.execute(SQL(stringLiteral: change.statement))
                }
                try await exported.export("before", of: other)

                let refusal = try #require(await exported.refusal(importing: "file", into: other))

                try await exported.export("after", of: other)
                #expect(refusal.contains(change.named) && refusal.contains("line "), "\(refusal)")
                #expect(exported.contents("before") == exported.contents("after"))
            }
        }
    }

    @Test("nothing is added to an application that answers calls", arguments: StorageEngine.enabled)
    func inUse(engine: StorageEngine) async throws {
        try await ExportedApplication.with(engine) { exported in
            try await exported.export("file")
            try await withOpenedStorage(on: engine) { _, other in
                try await exported.import("file", into: other)
                _ = try await other.database.write { tx throws(ChatError) in
                    try tx.execute("DELETE FROM broadcasts WHERE seq = 7")
                }

                let refusal = await exported.refusal(importing: "file", into: other)
                #expect(refusal?.contains("answers calls") == true)
                _ = try await other.database.write { tx throws(ChatError) in
                    try tx.execute("UPDATE applications SET enabled = 0")
                }
                #expect(try await exported.import("file", into: other).added == 1)
            }
        }
    }

    @Test(
        "an import that is stopped leaves the application off, and is gone on with",
        arguments: StorageEngine.enabled,
        [1, 3, 5]
    )
    func resumed(engine: StorageEngine, writes: Int) async throws {
        try await ExportedApplication.with(engine) { exported in
            try await exported.export("file")
            try await withOpenedStorage(on: engine) { _, other in
                var left = writes
                await #expect(throws: Stopped.self) {
                    try await exported.import("file", into: other) { stage, _, _ in
                        guard stage == .importing else { return }
                        left -= 1
                        if left == 0 { throw Stopped() }
                    }
                }
                #expect(try await !TestInstallation(database: other.database).application().isEnabled)

                let summary = try await exported.import("file", into: other)
                try await exported.export("after", of: other)

                #expect(summary.resumedAfter >= writes && summary.present == 0)
                #expect(summary.resumedAfter + summary.added < exported.lines("file").count)
                #expect(exported.contents("file") == exported.contents("after"))
            }
        }
    }

    @Test("an import whose application was deleted meanwhile begins anew", arguments: StorageEngine.enabled)
    func deletedMeanwhile(engine: StorageEngine) async throws {
        try await ExportedApplication.with(engine) { exported in
            try await exported.export("file")
            try await withOpenedStorage(on: engine) { _, other in
                var left = 4
                await #expect(throws: Stopped.self) {
                    try await exported.import("file", into: other) { stage, _, _ in
                        if stage == .importing { left -= 1 }
                        if left == 0 { throw Stopped() }
                    }
                }
                let node = TestInstallation(database: other.database, random: SeededRandom(seed: 77))
                try await node.applications.delete(.example, by: node.operation())

                let summary = try await exported.import("file", into: other)
                try await exported.export("after", of: other)

                #expect(summary.resumedAfter == 0)
                #expect(exported.contents("file") == exported.contents("after"))
            }
        }
    }

    @Test("an import is not gone on with by another file", arguments: StorageEngine.enabled)
    func resumedByAnother(engine: StorageEngine) async throws {
        try await ExportedApplication.with(engine) { exported in
            try await exported.export("file")
            var lines = exported.lines("file")
            lines[3] = lines[3].replacing("\"Nick\":\"\"", with: "\"Nick\":\"another\"")
            try exported.write("other", lines)
            try await withOpenedStorage(on: engine) { _, other in
                var left = 4
                await #expect(throws: Stopped.self) {
                    try await exported.import("file", into: other) { stage, _, _ in
                        if stage == .importing { left -= 1 }
                        if left == 0 { throw Stopped() }
                    }
                }

                let refusal = await exported.refusal(importing: "other", into: other)
                #expect(
                    refusal?.contains("line 4: it is there already, and differs in Nick") == true,
                    "\(refusal ?? "")"
                )
            }
        }
    }
}

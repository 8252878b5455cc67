import ChatProtocol
import Database
import FoundationEssentials
import RostrumTesting
import Testing

/// What a command does to the installation that it is pointed at, beside a server or alone.
@Suite("The command line's installation")
struct StorageOptionsTests {
    @Test("beside a running server the schema is the server's: it is looked at, and never brought up to date")
    func schemaIsTheServers() async throws {
        try await ServedApplication.with { application in
            let storage = Storage(engine: .sqlite, location: "\(application.directory)/rostrum.db")
            func steps() async throws -> [Int64] {
                try await storage.withDatabase { database in
                    try await database.read { tx throws(ChatError) in
                        try tx.rows("SELECT number FROM schema_migrations").map { row throws(ChatError) in
                            try row.integer(0)
                        }
                    }
                }
            }
            func change(_ statement: SQL) async throws {
                try await storage.withDatabase { database in
                    _ = try await database.write { tx throws(ChatError) in try tx.execute(statement) }
                }
            }
            let all = try await steps()
            try await withServer(application.serving) { _ in
                let same = try await rostrum("app", "list", "--data-dir", application.directory)
                #expect(same.standardOutput.contains("\(ServedApplication.number)"))
                #expect(try await steps() == all)

                // As a server of an older version would have it.
                try await change("DELETE FROM schema_migrations")
                let older = try await rostrum("app", "list", "--data-dir", application.directory)
                #expect(older.ending == .status(1))
                #expect(older.standardError.contains("stop that server"))
                #expect(try await steps() == [])
            }
        }
    }

    @Test("the environment names the installation where no flag does, and never two")
    func environment() async throws {
        try await ServedApplication.with { application in
            let directory = application.directory
            let here = ["ROSTRUM_DATA_DIR": directory]
            let elsewhere = ["ROSTRUM_DATABASE": "postgres://nobody@127.0.0.1:1/none"]
            // A key that is given needs no installation.
            let nowhere = ["ROSTRUM_DATA_DIR": "\(directory)/missing"]
            let words = ["usersig", "--app", "\(ServedApplication.number)", "--user", "anna"]
            #expect(try await RostrumProgram.run(words, environment: here).succeeded)
            #expect(try await RostrumProgram.run(words + ["--key", "k"], environment: nowhere).succeeded)
            #expect(try await !RostrumProgram.run(words, environment: nowhere).succeeded)

            let both = here.merging(elsewhere) { _, other in other }
            let named = ["--data-dir", directory]
            for (options, environment) in [([], here), (named, elsewhere), (named, both)] {
                let run = try await RostrumProgram.run(["app", "list"] + options, environment: environment)
                #expect(run.ending == .status(0))
                #expect(run.standardOutput.contains("\(ServedApplication.number)"))
            }
            for (options, environment, words) in [
                ([], both, "ROSTRUM_DATA_DIR and ROSTRUM_DATABASE are both set"),
                ([], [:], "give --data-dir or --database, or set"),
                (named + ["--database", "postgres://nobody@127.0.0.1:1/none"], [:], "not both"),
            ] {
                let run = try await RostrumProgram.run(["app", "list"] + options, environment: environment)
                #expect(run.ending == .status(1))
                #expect(run.standardError.contains(words), "\(run.standardError)")
            }
        }
    }

    @Test("a directory without an installation is not made into one by looking")
    func noInstallation() async throws {
        try await withTemporaryDirectory { directory in
            let empty = try await rostrum("app", "list", "--data-dir", directory)
            let missing = try await rostrum("app", "list", "--data-dir", "\(directory)/missing")

            for run in [empty, missing] {
                #expect(run.ending == .status(1))
                #expect(run.standardError.contains(directory))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
        }
    }
}

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

    @Test("of the emulator's own application the installation's key comes before the published one")
    func emulatorsKey() async throws {
        try await withTemporaryDirectory { directory in
            let words = ["usersig", "--app", "88888888", "--user", "administrator"]
            /// What a server says to a call that is signed with what the command prints.
            func code(of server: ServerProcess, _ environment: [String: String]) async throws -> Int {
                let run = try await RostrumProgram.run(words, environment: environment)
                try #require(run.succeeded, "\(run.standardError)")
                let token = run.standardOutput.filter { !$0.isNewline }
                let target = Signatory.emulator.target(Command.check).replacing(Signatory.emulator.token, with: token)
                let reply = try await server.request("POST", target, body: Command.checkBody)
                return try reply.decoded(as: CallReply.self).ErrorCode
            }
            try await withServer(["dev", "--port", "0", "--data-dir", directory, "--random-key"]) { server in
                let own = try await code(of: server, ["ROSTRUM_DATA_DIR": directory])
                #expect(own == 0)
                let published = try await code(of: server, [:])
                #expect(published == 70009)
            }
            try await ServedApplication.with { other in
                try await withServer(["dev", "--port", "0"]) { server in
                    let empty = "\(directory)/empty"
                    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
                    for place in [other.directory, "\(directory)/missing", empty] {
                        let published = try await code(of: server, ["ROSTRUM_DATA_DIR": place])
                        #expect(published == 0, "\(place)")
                    }
                }
                let file = try writeFile("\(directory)/file", "")
                let inside = try await RostrumProgram.run(words, environment: ["ROSTRUM_DATA_DIR": file])
                #expect(inside.standardError.contains("the data directory \(file) is a file"))
                let named = try await RostrumProgram.run(words + ["--data-dir", other.directory])
                #expect(named.standardError.contains("there is no application 88888888 in this installation"))
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

import RostrumTesting
import Testing

/// `rostrum migrate-storage`.
@Suite("Moving to PostgreSQL on the command line")
struct MigrateStorageCommandTests {
    @Test("the command moves an installation, says what is next, and the applications have their keys there")
    func moving() async throws {
        try await ServedApplication.with { application in
            let key = "\(application.directory)/master.key"
            try await StorageEngine.postgres.withStorage { target in
                let run = try await rostrum(
                    "migrate-storage",
                    "--from",
                    "sqlite:\(application.directory)",
                    environment: ["ROSTRUM_DATABASE": target.location]
                )

                #expect(run.succeeded, "\(run.standardError)")
                #expect(run.standardOutput.contains("copied applications: "))
                #expect(run.standardOutput.contains("verified applications: "))
                #expect(run.standardOutput.contains("counts and checksums are the same"))
                #expect(run.standardOutput.contains(key))
                let shown = try await rostrum(
                    "app",
                    "show",
                    "\(ServedApplication.number)",
                    "--secrets",
                    "--database",
                    target.location,
                    "--master-key-file",
                    key
                )
                #expect(shown.standardOutput.contains(ServedApplication.key))

                let again = try await rostrum(
                    "migrate-storage",
                    "--from",
                    "sqlite:\(application.directory)",
                    "--to",
                    target.location
                )
                #expect(again.ending == .status(1))
                #expect(again.standardError.contains("moved to the target already"))
            }
        }
    }

    @Test(
        "a source or target that cannot be is named",
        arguments: [
            (["--from", "/var/lib/rostrum", "--to", "postgres://localhost/rostrum"], "--from"),
            (["--from", "sqlite:/nowhere", "--to", "postgres://localhost/rostrum"], "/nowhere"),
            (["--from", "sqlite:/nowhere", "--to", "mysql://localhost/rostrum"], "--to"),
            (["--from", "sqlite:/"], "--to"),
        ]
    )
    func refused(words: [String], named: String) async throws {
        let run = try await RostrumProgram.run(["migrate-storage"] + words)

        #expect(!run.succeeded)
        #expect(run.standardError.contains(named))
    }
}

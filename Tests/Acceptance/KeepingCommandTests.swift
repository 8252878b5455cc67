import ChatProtocol
import Database
import FoundationEssentials
import RostrumTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// `rostrum backup`, `restore`, `export`, `import` and `doctor`.
@Suite("Keeping an installation on the command line")
struct KeepingCommandTests {
    @Test("a backup beside a running server is restored to a directory that serves")
    func backup() async throws {
        try await withTemporaryDirectory { place in
            try await ServedApplication.with { application in
                let (full, next) = ("\(place)/full", "\(place)/next")
                try await withServer(application.serving) { _ in
                    let first = try await rostrum("backup", full, "--data-dir", application.directory)
                    #expect(first.succeeded, "\(first.standardError)")
                    #expect(first.standardError.isEmpty, "a progress bar is for terminals")
                    #expect(first.standardOutput.contains("The master key is not in it"))
                    let second = try await rostrum(
                        "backup",
                        next,
                        "--since",
                        full,
                        "--json",
                        "--data-dir",
                        application.directory
                    )
                    #expect(second.standardOutput.contains(#""file" : "full""#), "\(second.standardError)")
                }
                let again = try await rostrum("backup", full, "--data-dir", application.directory)
                #expect(again.ending == .status(1) && again.standardError.contains("not overwritten"))

                let target = "\(place)/restored"
                let restored = try await rostrum("restore", next, "--data-dir", target)
                #expect(restored.succeeded, "\(restored.standardError)")
                try FileManager.default.copyItem(
                    atPath: "\(application.directory)/master.key",
                    toPath: "\(target)/master.key"
                )
                let shown = try await ServedApplication(directory: target).shown()
                #expect(shown.standardOutput.contains(ServedApplication.key), "\(shown.standardError)")
                try await withServer(ServedApplication(directory: target).serving) { server in #expect(server.port > 0)
                }

                let verified = try await rostrum("restore", "--verify-only", next)
                #expect(verified.succeeded && verified.standardOutput.contains("is whole"))
                let refused = try await rostrum("restore", full, "--data-dir", target)
                #expect(refused.ending == .status(1) && refused.standardError.contains("is not empty"))
            }
        }
    }

    @Test("an import that is killed is gone on with, and nothing is there twice")
    func killedImport() async throws {
        let accounts = 20_000
        try await withTemporaryDirectory { place in
            let file = try writeFile("\(place)/export", Self.export(accounts: accounts))
            let directory = "\(place)/data"
            let storage = Storage(engine: .sqlite, location: "\(directory)/rostrum.db")
            var before = accounts
            // On a busy machine it may be done before anybody looks.
            try await waitUntil("an import is killed amid it") {
                try? FileManager.default.removeItem(atPath: directory)
                let child = try ChildProcess(RostrumProgram.path, ["import", file, "--data-dir", directory])
                do {
                    try await waitUntil("a part is there") { (try? await Self.count(in: storage)) ?? 0 > 400 }
                    child.send(signal: SIGKILL)
                    _ = try await child.exit()
                } catch {
                    Issue.record("\(error): \(child.standardError)")
                }
                await child.remove()
                before = try await Self.count(in: storage)
                return before < accounts
            }

            let run = try await rostrum("import", file, "--json", "--data-dir", directory)

            #expect(run.succeeded, "\(run.standardError)")
            let summary = try JSONDecoder().decode(Summary.self, from: Data(run.standardOutput.utf8))
            // Two lines stand before the accounts.
            #expect(summary.resumedAfter == before + 2)
            #expect(summary.added == accounts - before && summary.present == 0)
            #expect(try await Self.count(in: storage) == accounts)
            let exported = try await rostrum(
                "export",
                "\(ServedApplication.number)",
                "\(place)/again",
                "--secrets",
                "--data-dir",
                directory
            )
            #expect(exported.succeeded, "\(exported.standardError)")
            #expect(
                FileManager.default.contents(atPath: file) == FileManager.default.contents(atPath: "\(place)/again")
            )
        }
    }

    @Test("a file that is no export makes no installation", arguments: [nil, "", "{}\n"])
    func nothingToImport(contents: String?) async throws {
        try await withTemporaryDirectory { place in
            if let contents { try writeFile("\(place)/file", contents) }

            let run = try await rostrum("import", "\(place)/file", "--data-dir", "\(place)/data")

            #expect(run.ending == .status(1) && run.standardError.contains("\(place)/file"), "\(run.standardError)")
            #expect(!FileManager.default.fileExists(atPath: "\(place)/data"))
        }
    }

    @Test("an export without secrets says so, and the import makes a key")
    func withoutSecrets() async throws {
        try await withTemporaryDirectory { place in
            try await ServedApplication.with { application in
                let exported = try await rostrum(
                    "export",
                    "\(ServedApplication.number)",
                    "\(place)/export",
                    "--data-dir",
                    application.directory
                )
                let imported = try await rostrum("import", "\(place)/export", "--data-dir", "\(place)/other")

                #expect(exported.standardOutput.contains("Its keys are not in it"), "\(exported.standardError)")
                #expect(imported.standardOutput.contains("it has a new one"), "\(imported.standardError)")
                #expect(exported.standardError.isEmpty && imported.standardError.isEmpty)
            }
        }
    }

    @Test("the doctor exits with 1 when something has to be done, and with 0 otherwise")
    func doctor() async throws {
        struct Finding: Decodable {
            let subject: String
            let level: String
            let advice: String?
        }
        try await ServedApplication.with { application in
            let sound = try await rostrum("doctor", "--json", "--data-dir", application.directory)
            let findings = try JSONDecoder().decode([Finding].self, from: Data(sound.standardOutput.utf8))
            #expect(sound.succeeded, "\(sound.standardOutput)")
            #expect(Set(findings.map(\.subject)).isSuperset(of: ["database", "disk", "fsync", "limits", "master-key"]))

            chmod("\(application.directory)/master.key", 0o644)
            let sick = try await rostrum("doctor", "--data-dir", application.directory)
            #expect(sick.ending == .status(1))
            #expect(sick.standardOutput.contains("error    master-key: "))
            #expect(sick.standardError.isEmpty)
        }
    }

    @Test(
        "what cannot be is named",
        arguments: [
            (["backup", "/nowhere/file", "--data-dir", "/nowhere"], "/nowhere"),
            (["backup", "file", "--database", "postgres://localhost/rostrum"], "pg_basebackup"),
            (["restore", "--data-dir", "/nowhere"], "FILE"),
            (["restore", "/nowhere/file", "--database", "postgres://localhost/rostrum"], "--new-generation"),
            (["restore", "--new-generation", "file"], "--new-generation"),
            (
                ["restore", "--new-generation", "--data-dir", "/nowhere", "--master-key-file", "key"],
                "no --master-key-file"
            ),
            (["import", "/nowhere/file", "--database", "postgres://127.0.0.1:1/rostrum"], "/nowhere/file"),
            (["export", "0", "file"], "SDKAPPID"),
        ]
    )
    func refused(words: [String], named: String) async throws {
        let run = try await RostrumProgram.run(words)

        #expect(!run.succeeded)
        #expect(run.standardError.contains(named), "\(run.standardError)")
    }

    private struct Summary: Decodable {
        let added: Int
        let present: Int
        let resumedAfter: Int
    }

    private static func count(in storage: Storage) async throws -> Int {
        try await storage.withDatabase { database in
            try await database.read { tx throws(ChatError) in
                Int(try tx.row("SELECT count(*) FROM accounts")?.integer(0) ?? 0)
            }
        }
    }

    /// An export with so many accounts and nothing else.
    private static func export(accounts: Int) -> String {
        let number = ServedApplication.number
        var lines = [
            #"{"Kind":"Header","Format":"rostrum-application","Version":1,"SDKAppID":\#(number),"Secrets":true}"#,
            #"{"Kind":"Application","Name":"Big","Enabled":true,"Plan":"enterprise","CreatedAt":1767225600000,"#
                + #""ChannelService":true,"Limits":{},"Admins":[],"WebhookURL":"","WebhookCommands":[],"#
                + #""WebhookTimeoutPolicy":"allow","WebhookRetry":"on","Keys":[{"Key":"k","CreatedAt":1767225600000}],"#
                + #""WebhookToken":"","WebhookSecret":"s"}"#,
        ]
        for account in 0..<accounts {
            let name = String(1_000_000 + account)
            lines.append(
                #"{"Kind":"Account","UserID":"\#(name)","Nick":"","FaceUrl":"","SignaturesVoidUntil":-1,"CreatedAt":1}"#
            )
        }
        lines.append(#"{"Kind":"End","Lines":\#(lines.count)}"#)
        return lines.map { $0 + "\n" }.joined()
    }
}

import FoundationEssentials
import RostrumTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// `rostrum master-key`, beside a server and killed in the middle.
@Suite("Changing the master key")
struct MasterKeyCommandTests {
    private func file(_ application: ServedApplication) throws -> [Substring] {
        let data = try Data(contentsOf: URL(filePath: "\(application.directory)/master.key"))
        return String(decoding: data, as: UTF8.self).split(separator: "\n")
    }

    /// The names of the files that old keys were left in.
    private func keptKeys(_ application: ServedApplication) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: application.directory)
            .filter { $0.hasPrefix("master.key.before-") }
    }

    @Test("it changes beside a running server, which goes on, and the old key opens nothing any more")
    func besideServer() async throws {
        try await ServedApplication.with { application in
            let old = try file(application)
            try await withServer(application.serving) { server in
                func call() async throws -> Int {
                    try await server.call(Command.check, Command.checkBody, as: application.signatory).ErrorCode
                }
                #expect(try await call() == 0)

                let run = try await rostrum("master-key", "rotate", "--data-dir", application.directory)

                #expect(run.succeeded, "\(run.standardError)")
                #expect(run.standardOutput.hasPrefix("sealed 3 secrets anew"))
                #expect(run.standardOutput.contains("The other is in \(application.directory)/master.key.before-2"))
                // Once the server's copy of the application is too old, and it reads the secrets again.
                try await Task.sleep(for: .seconds(6))
                #expect(try await call() == 0)
            }
            let new = try file(application)
            #expect(new.count == 1 && new != old)
            let kept = try keptKeys(application)
            #expect(kept.count == 1)
            let path = "\(application.directory)/\(kept.first ?? "")"
            #expect(String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self) == "\(old[0])\n")
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(try await application.shown().standardOutput.contains(ServedApplication.key))
            let refused = try await application.shown(environment: ["ROSTRUM_MASTER_KEY": String(old[0])])
            #expect(refused.ending == .status(1) && refused.standardError.contains("master key"))
        }
    }

    @Test("a backup from before is restored with the key that was left")
    func backupFromBefore() async throws {
        try await withTemporaryDirectory { place in
            let (backup, restored) = ("\(place)/backup", "\(place)/restored")
            try await ServedApplication.with { application in
                let made = try await rostrum("backup", backup, "--data-dir", application.directory)
                try #require(made.succeeded, "\(made.standardError)")
                try #require(try await rostrum("master-key", "rotate", "--data-dir", application.directory).succeeded)
                let kept = try #require(keptKeys(application).first)

                func restore(_ key: String) async throws -> FinishedRun {
                    try await rostrum("restore", backup, "--data-dir", restored, "--master-key-file", key)
                }
                let refused = try await restore("\(application.directory)/master.key")
                #expect(refused.ending == .status(1) && refused.standardError.contains("master key does not fit"))
                let run = try await restore("\(application.directory)/\(kept)")

                #expect(run.succeeded, "\(run.standardError)")
                let shown = try await ServedApplication(directory: restored)
                    .shown("--master-key-file", "\(application.directory)/\(kept)")
                #expect(shown.standardOutput.contains(ServedApplication.key))
            }
        }
    }

    @Test("of a key file in the wrong order it says how it may be meant, and no key is lost")
    func wrongOrder() async throws {
        try await ServedApplication.with { application in
            let (path, new) = ("\(application.directory)/master.key", String(repeating: "5a", count: 32))
            let old = String(try file(application)[0])
            func write(_ keys: String...) throws {
                try Data((keys.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            }
            func rotate() async throws -> FinishedRun {
                try await rostrum("master-key", "rotate", "--data-dir", application.directory)
            }

            try write(old, new)
            let wrong = try await rotate()

            #expect(wrong.succeeded, "\(wrong.standardError)")
            #expect(wrong.standardOutput.hasPrefix("every secret was under the first key of \(path) already"))
            #expect(wrong.standardOutput.contains("If the other is the new one, it was put second by mistake"))
            #expect(try file(application) == [Substring(old)])
            let kept = try #require(keptKeys(application).first)
            #expect(
                String(decoding: try Data(contentsOf: URL(filePath: "\(application.directory)/\(kept)")), as: UTF8.self)
                    == "\(new)\n"
            )

            try write(new, old)
            let right = try await rotate()

            #expect(right.standardOutput.hasPrefix("sealed 3 secrets anew"), "\(right.standardError)")
            #expect(!right.standardOutput.contains("by mistake"))
            #expect(try file(application) == [Substring(new)])
            #expect(try await application.shown().standardOutput.contains(ServedApplication.key))
        }
    }

    @Test("with keys in the environment both are given, the new one first")
    func environment() async throws {
        try await ServedApplication.with { application in
            let (old, new) = (String(try file(application)[0]), String(repeating: "5a", count: 32))
            func rotate(_ keys: String) async throws -> FinishedRun {
                let environment = ["ROSTRUM_MASTER_KEY": keys]
                return try await rostrum(
                    "master-key",
                    "rotate",
                    "--data-dir",
                    application.directory,
                    environment: environment
                )
            }

            let alone = try await rotate(old)
            #expect(alone.ending == .status(1) && alone.standardError.contains("put a new one before it"))
            let wrong = try await rotate("\(old) \(new)")
            #expect(wrong.succeeded, "\(wrong.standardError)")
            #expect(wrong.standardOutput.contains("nothing was changed: every secret is under the first key"))
            #expect(!wrong.standardOutput.contains("can do without"))
            #expect(try await application.shown(environment: ["ROSTRUM_MASTER_KEY": old]).succeeded)
            let both = try await rotate("\(new) \(old)")
            #expect(both.succeeded, "\(both.standardError)")

            #expect(try await application.shown(environment: ["ROSTRUM_MASTER_KEY": new]).succeeded)
            #expect(try await application.shown(environment: ["ROSTRUM_MASTER_KEY": old]).succeeded == false)
            #expect(both.standardOutput.contains("can do without the second key now"))
            #expect(!both.standardOutput.contains(new) && !both.standardOutput.contains(old))
        }
    }

    @Test("prepare adds a key that nothing is sealed under yet, and rotate takes that one")
    func prepared() async throws {
        try await ServedApplication.with { application in
            let old = try file(application)
            let prepared = try await rostrum("master-key", "prepare", "--data-dir", application.directory)
            #expect(prepared.succeeded, "\(prepared.standardError)")
            let both = try file(application)
            #expect(both.count == 2 && both[1] == old[0])
            #expect(try await application.shown(environment: ["ROSTRUM_MASTER_KEY": String(old[0])]).succeeded)
            let again = try await rostrum("master-key", "prepare", "--data-dir", application.directory)
            #expect(again.ending == .status(1))

            let doctor = try await rostrum("doctor", "--data-dir", application.directory)
            #expect(doctor.standardOutput.contains("master-key: there are a new master key and an old one"))

            let run = try await rostrum("master-key", "rotate", "--data-dir", application.directory)
            #expect(run.succeeded, "\(run.standardError)")
            #expect(try file(application) == [both[0]])
        }
    }
}

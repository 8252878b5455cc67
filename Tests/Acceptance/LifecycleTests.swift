import FoundationEssentials
import Glibc
import RostrumTesting
import Testing

/// How the process starts, stops, and does neither.
@Suite("Lifecycle")
struct LifecycleTests {
    @Test(
        "a signal to stop lets the call in flight be answered, admits no new one, and ends with 0",
        arguments: [SIGTERM, SIGINT]
    )
    func stop(signal: Int32) async throws {
        try await withServer { server in
            let fault = #"{"command":"account_check","code":60011,"times":1,"delayMs":9000}"#
            #expect(try await server.request("POST", "/dev/faults", body: fault).status == 200)
            let idle = try await server.connect()
            let busy = try await server.connect()
            try await busy.send(
                httpRequest("POST", Signatory.emulator.target(Command.check), body: Command.checkBody)
            )
            try await waitUntil("the call is in flight") {
                try await server.request("GET", "/dev/faults").text == #"{"faults":[]}"#
            }

            server.send(signal: signal)

            try await waitUntil("new connections are refused") {
                do {
                    _ = try await server.connect()
                    return false
                } catch let failure as RawConnection.Failure where failure.isRefused {
                    return true
                }
            }
            #expect(server.child.ending == nil, "it waits for the call in flight")
            #expect(try await busy.readReply().decoded(as: CallReply.self).ErrorCode == 60011)
            #expect(try await idle.readUntilClosed() == [])
            #expect(try await server.exit(within: .seconds(20)) == .status(0))
        }
    }

    @Test("a call that does not end is cut 10 s after the signal, and the process ends with 0 all the same")
    func stopWithEndlessCall() async throws {
        try await withServer { server in
            let fault = #"{"command":"account_check","delayMs":60000}"#
            #expect(try await server.request("POST", "/dev/faults", body: fault).status == 200)
            let busy = try await server.connect()
            try await busy.send(httpRequest("POST", Signatory.emulator.target(Command.check), body: Command.checkBody))
            try await waitUntil("the call is in flight") {
                try await server.request("GET", "/dev/faults").text == #"{"faults":[]}"#
            }

            let began = ContinuousClock.now
            server.send(signal: SIGTERM)

            #expect(try await server.exit(within: .seconds(20)) == .status(0))
            #expect((.seconds(9) ..< .seconds(14)).contains(ContinuousClock.now - began))
        }
    }

    @Test("a stop does not wait for callers that are silent or stall")
    func stopWithIdleConnections() async throws {
        try await withServer { server in
            let silent = try await server.connect()
            let used = try await server.connect()
            #expect(try await used.call(Command.check, Command.checkBody).ErrorCode == 0)

            server.send(signal: SIGTERM)

            #expect(try await server.exit(within: .seconds(5)) == .status(0))
            #expect(try await silent.readUntilClosed() == [])
        }
    }

    @Test("what `dev` kept without a data directory goes with a clean stop")
    func temporaryDirectoryGoes() async throws {
        try await withServer { server in
            let before = try FileManager.default.contentsOfDirectory(atPath: server.child.directory)
            #expect(before.contains { $0.hasPrefix("rostrum-dev-") })

            server.send(signal: SIGTERM)

            #expect(try await server.exit() == .status(0))
            let after = try FileManager.default.contentsOfDirectory(atPath: server.child.directory)
            #expect(!after.contains { $0.hasPrefix("rostrum-dev-") })
        }
    }

    @Test(
        "whatever the umask and the directory's mode, what is written there is its owner's alone",
        .enabled("bash is not installed") { Program.bash.isInstalled },
        arguments: [
            ["dev", "--port", "0", "--tls-port", "0"]: [
                "rostrum.db", "rostrum.db-wal", "master.key", "rostrum.lock", "dev-certificate.pem",
            ],
            ["serve", "--port", "0", "--admin-port", "0"]: [
                "rostrum.db", "rostrum.db-wal", "master.key", "rostrum.lock",
            ],
        ]
    )
    func filesAreTheOwners(words: [String], files: [String]) async throws {
        try await withTemporaryDirectory { directory in
            let arguments =
                ["-c", #"umask 0; exec "$0" "$@""#, RostrumProgram.path] + words + ["--data-dir", directory]
            try await withServer(arguments, program: "bash") { _ in
                let made = try FileManager.default.contentsOfDirectory(atPath: directory)

                #expect(Set(files).isSubset(of: made))
                for file in made {
                    let attributes = try FileManager.default.attributesOfItem(atPath: "\(directory)/\(file)")
                    let mode = try #require(attributes[.posixPermissions] as? Int)
                    #expect(mode & 0o077 == 0, "\(file) has mode \(String(mode, radix: 8))")
                }
            }
        }
    }

    @Test("a second server on a data directory is refused while the first goes on", arguments: ["dev", "serve"])
    func secondServer(command: String) async throws {
        try await withTemporaryDirectory { directory in
            try await withServer(["dev", "--port", "0", "--data-dir", directory]) { server in
                let second = try await rostrum(command, "--port", "0", "--data-dir", directory)

                #expect(second.ending == .status(1))
                #expect(second.standardError.contains("another server is running on the data directory \(directory)"))
                #expect(second.standardOutput.isEmpty)
                #expect(try await server.call(Command.create, Command.creating("@TOA#_first")).ErrorCode == 0)
            }
        }
    }

    /// A server has more threads than two, and without this each would have one.
    @Test(
        "on one processor its allocator has two arenas, unless the environment says otherwise",
        .disabled(if: Sanitizer.allocates),
        arguments: [
            (environment: [:], further: 1), (["MALLOC_ARENA_MAX": ""], 1), (["MALLOC_ARENA_MAX": "1"], 0),
            (["GLIBC_TUNABLES": "glibc.malloc.arena_max=1"], 0),
        ]
    )
    func arenas(environment: [String: String], further: Int) async throws {
        let status = try #require(FileManager.default.contents(atPath: "/proc/self/status"))
        let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
        let allowed = try #require(lines.first { $0.hasPrefix("Cpus_allowed_list:") })
        let processor = allowed.drop { !$0.isNumber }.prefix { $0.isNumber }
        let words = ["-c", "\(processor)", RostrumProgram.path, "dev", "--port", "0"]
        try await withServer(words, environment: environment, program: "taskset") { server in
            // The first arena is the heap that grows from the program's end.
            #expect(server.furtherArenas == further)
        }
    }

    @Test("a directory is free for the next server the moment the last one is killed")
    func lockGoesWithTheProcess() async throws {
        try await withTemporaryDirectory { directory in
            let arguments = ["dev", "--port", "0", "--data-dir", directory]
            try await withServer(arguments) { server in
                server.send(signal: SIGKILL)
                #expect(try await server.exit() == .signal(SIGKILL))
                let reply = try await withServer(arguments) { next in
                    try await next.call(Command.check, Command.checkBody)
                }
                #expect(reply.ErrorCode == 0)
            }
        }
    }

    @Test("a port that is taken is named in the refusal", arguments: ["dev", "serve"])
    func portInUse(command: String) async throws {
        try await withServer { server in
            try await withTemporaryDirectory { directory in
                var words = [command, "--port", "\(server.port)", "--data-dir", directory]
                if command == "serve" { words += ["--admin-port", "0"] }

                let second = try await RostrumProgram.run(words)

                #expect(second.ending == .status(1))
                #expect(second.standardError.contains("in use"))
                #expect(second.standardError.split(separator: "\n").last?.contains("\(server.port)") == true)
                #expect(!second.standardOutput.contains("rostrum is ready"))
            }
        }
    }

    @Test(
        "a storage that cannot be written makes /readyz 503 and writes fail, and both recover",
        .enabled("prlimit or bash is not installed") { Program.prlimit.isInstalled && Program.bash.isInstalled }
    )
    func fullDisk() async throws {
        try await withServer(
            ["-c", #"trap "" XFSZ; exec "$0" "$@""#, RostrumProgram.path, "dev", "--port", "0", "--admin-port", "0"],
            program: "bash"
        ) { server in
            let admin = try await RawConnection.open(port: try #require(server.adminPort))
            #expect(try await admin.exchange("GET", "/readyz").status == 200)

            try await limitFileSize(of: server, to: "0")
            // A finding may be a second old.
            try await waitUntil("/readyz is 503", within: .seconds(5)) {
                try await admin.exchange("GET", "/readyz").status == 503
            }
            #expect(try await admin.exchange("GET", "/healthz").status == 200)
            let refused = try await server.call(Command.create, Command.creating("@TOA#_full"))
            #expect(refused.ErrorCode != 0)
            #expect(!refused.ErrorInfo.lowercased().contains("sql") && !refused.ErrorInfo.contains("disk"))
            // What is there can be read meanwhile.
            #expect(try await server.call(Command.check, Command.checkBody).ErrorCode == 0)

            try await limitFileSize(of: server, to: "unlimited")
            try await waitUntil("/readyz is 200", within: .seconds(5)) {
                try await admin.exchange("GET", "/readyz").status == 200
            }
            #expect(try await server.call(Command.create, Command.creating("@TOA#_full")).ErrorCode == 0)
        }
    }

    /// Stands for a disk that is full, or has room again: a file may grow up to here.
    private func limitFileSize(of server: ServerProcess, to bytes: String) async throws {
        let run = try await Program.prlimit.run("--pid", "\(server.child.identifier)", "--fsize=\(bytes):unlimited")
        try #require(run.succeeded, "\(run.standardError)")
    }
}

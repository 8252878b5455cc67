import ChatProtocol
import Database
import FoundationEssentials
import RostrumTesting
import Testing

/// The settings of `rostrum serve`, and what it leaves in its log.
@Suite("Serving")
struct ServeTests {
    @Test(
        "a setting that cannot be used stops the start and is named",
        arguments: [
            ["--port", "x"]: "port", ["--port", "70000"]: "port", ["--admin-port", "-1"]: "admin-port",
            ["--log-format", "xml"]: "log-format", ["--log-level", "loud"]: "log-level",
            ["--trusted-proxies", "10.0.0/8"]: "trusted-proxies", ["--tls-key", "k.pem"]: "tls-certificate",
            ["--tls-certificate", "c.pem"]: "tls-key",
            ["--tls-certificate", "/no.pem", "--tls-key", "/no.key"]: "tls-certificate",
            ["--http-port", "0"]: "http-port", ["--hsts", "60"]: "hsts", ["--hsts", "ever"]: "hsts",
            ["--roles", "api,cron"]: "roles", ["--roles", ""]: "roles",
            ["--config", "/nowhere.yaml"]: "config",
            ["--master-key-file", "/nowhere/master.key"]: "master-key-file",
            ["--port", "0", "--admin-port", "0", "--host", "192.0.2.1"]: "host",
            ["--port", "0", "--admin-port", "0", "--host", "no.such.host.invalid"]: "host",
            ["--port", "0", "--admin-port", "0", "--admin-host", "192.0.2.1"]: "admin-host",
            ["--data-dir", "/dev/null"]: "data-dir",
        ]
    )
    func badSettings(words: [String], named: String) async throws {
        try await withTemporaryDirectory { directory in
            let place = words.contains("--data-dir") ? [] : ["--data-dir", "\(directory)/data"]
            let run = try await RostrumProgram.run(["serve"] + place + words)

            #expect(run.ending != .status(0))
            #expect(run.standardError.contains("setting \(named): ") || run.standardError.contains("'--\(named) "))
            #expect(!run.standardOutput.contains("rostrum is ready"))
        }
    }

    @Test("a data directory that is missing from the settings, or cannot be one, is said to be")
    func dataDirectory() async throws {
        let missing = try await rostrum("serve")
        #expect(missing.ending != .status(0))
        #expect(missing.standardError.contains("data-dir"))

        let file = try await rostrum("serve", "--data-dir", "/dev/null")
        #expect(file.ending != .status(0))
        #expect(file.standardError.contains("data-dir") && file.standardError.contains("/dev/null"))
    }

    @Test("a bad variable and a bad line of the file are named like a bad flag")
    func badVariableAndLine() async throws {
        let variable = try await rostrum("serve", environment: ["ROSTRUM_PORT": "http", "ROSTRUM_DATA_DIR": "/tmp/x"])
        #expect(variable.ending != .status(0))
        #expect(variable.standardError.contains("port") && variable.standardError.contains("http"))

        try await withTemporaryDirectory { directory in
            let file = "\(directory)/rostrum.yaml"
            try Data("data-dir: \(directory)/data\nprot: 8080\n".utf8).write(to: URL(filePath: file))
            let line = try await rostrum("serve", "--config", file)
            #expect(line.ending != .status(0))
            #expect(line.standardError.contains("prot"))
        }
    }

    @Test("a flag goes before the environment, and the environment before the file")
    func order() async throws {
        try await ServedApplication.with { application in
            let file = "\(application.directory)/rostrum.yaml"
            let lines = """
                data-dir: /nowhere/at/all
                host: 192.0.2.1
                port: 1
                admin-port: 0
                log-format: json
                log-level: error
                trusted-proxies: [127.0.0.0/8]
                """
            try Data(lines.utf8).write(to: URL(filePath: file))
            let environment = [
                "ROSTRUM_DATA_DIR": application.directory, "ROSTRUM_HOST": "127.0.0.1", "ROSTRUM_PORT": "2",
                "ROSTRUM_LOG_LEVEL": "info",
            ]

            let serving = ["serve", "--config", file, "--port", "0"]
            try await withServer(serving, environment: environment) { server in
                let target = application.signatory.target(Command.check)
                let forwarded = [("X-Forwarded-For", "203.0.113.9")]
                let reply = try await server.connect().exchange(
                    "POST",
                    target,
                    headers: forwarded,
                    body: Command.checkBody
                )
                #expect(try reply.decoded(as: CallReply.self).ErrorCode == 0)
                let line = try await loggedCall(server)
                #expect(line["client.address"] == "203.0.113.9")
            }
        }
    }

    @Test("an application whose secrets do not open keeps no other from being listed and served")
    func oneOfAnotherKey() async throws {
        try await ServedApplication.with { application in
            let place = ["--data-dir", application.directory]
            let made = try await RostrumProgram.run(["app", "create", "1400000002"] + place)
            try #require(made.succeeded, "\(made.standardError)")
            let storage = Storage(engine: .sqlite, location: "\(application.directory)/rostrum.db")
            let otherwise: SQL = "UPDATE application_keys SET key_sealed = \([1] as [UInt8]) WHERE app = 1400000002"
            try await storage.withDatabase { database in
                _ = try await database.write { tx throws(ChatError) in try tx.execute(otherwise) }
            }

            for words in [["app", "list"], ["app", "list", "--json"]] {
                let listed = try await RostrumProgram.run(words + place)
                #expect(listed.ending == .status(1))
                #expect(listed.standardOutput.contains("\(ServedApplication.number)"))
                #expect(!listed.standardOutput.contains("1400000002"))
                #expect(listed.standardError.contains("application 1400000002 cannot be shown: "))
                #expect(listed.standardError.contains("does not open under this master key"))
            }
            let everywhere = application.serving + ["--host", "0.0.0.0"]
            let code = try await withServer(everywhere) { server in
                try await server.call(Command.check, Command.checkBody, as: application.signatory).ErrorCode
            }
            #expect(code == 0)
        }
    }

    @Test("the emulator's published key is not served beyond this machine, until it is rotated and finished")
    func publishedKey() async throws {
        try await withTemporaryDirectory { directory in
            try await withServer(["dev", "--port", "0", "--data-dir", directory]) { _ in }
            let here = ["serve", "--port", "0", "--admin-port", "0", "--data-dir", directory]
            let everywhere = here + ["--host", "0.0.0.0"]
            func rotate(_ words: String...) async throws {
                let run = try await RostrumProgram.run(["app", "rotate-key", "88888888"] + words + here.suffix(2))
                try #require(run.succeeded, "\(run.standardError)")
            }
            func isRefused() async throws {
                let run = try await RostrumProgram.run(everywhere)
                #expect(run.ending == .status(1))
                #expect(run.standardError.contains("88888888") && run.standardError.contains("published key"))
                #expect(!run.standardOutput.contains("rostrum is ready"))
            }

            try await isRefused()
            let codeHere = try await withServer(here) { server in
                try await server.call(Command.check, Command.checkBody).ErrorCode
            }
            #expect(codeHere == 0)
            try await rotate("--key", "a key of one's own")
            try await isRefused()
            try await rotate("--finish")

            let own = Signatory(application: 88_888_888, key: "a key of one's own")
            let codes = try await withServer(everywhere) { server in
                var codes: [Int] = []
                for signatory in [own, .emulator] {
                    codes.append(try await server.call(Command.check, Command.checkBody, as: signatory).ErrorCode)
                }
                return codes
            }
            #expect(codes == [0, 70009])
        }
    }

    @Test("a storage does not open under another installation's master key, from a file or the environment")
    func foreignMasterKey() async throws {
        try await ServedApplication.with { application in
            let key = String(repeating: "5a", count: 32)
            let file = "\(application.directory)/other.key"
            try Data(key.utf8).write(to: URL(filePath: file))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)

            let byFile = try await RostrumProgram.run(application.serving + ["--master-key-file", file])
            let byVariable = try await RostrumProgram.run(application.serving, environment: ["ROSTRUM_MASTER_KEY": key])

            for run in [byFile, byVariable] {
                #expect(run.ending == .status(1))
                #expect(run.standardError.contains("master key"))
                #expect(!run.standardError.contains(key))
            }
        }
    }

    @Test("a log line is a JSON object with the call's id, application, command, code and duration")
    func jsonLog() async throws {
        try await ServedApplication.with { application in
            try await withServer(application.serving + ["--log-format", "json"]) { server in
                let reply = try await server.call(Command.check, Command.checkBody, as: application.signatory)
                let line = try await loggedCall(server)

                #expect(line["request.id"] == reply.RequestId)
                #expect(line["application"] == "\(ServedApplication.number)")
                #expect(line["command"] == Command.check)
                #expect(line["code"] == "0")
                #expect(try #require(line["duration.us"].flatMap { Int($0) }) > 0)
                #expect(line["level"] == "info")
            }
        }
    }

    @Test(
        "nothing secret is written, at the level that says least and at the one that says most",
        arguments: ["info", "trace"]
    )
    func secretsStayOut(level: String) async throws {
        try await ServedApplication.with { application in
            let signatory = application.signatory
            let show = try await rostrum(
                "app",
                "show",
                "\(ServedApplication.number)",
                "--secrets",
                "--json",
                "--data-dir",
                application.directory
            )
            let webhookSecret = try #require(
                show.standardOutput.split(separator: "\n").first { $0.contains("webhookSecret") }?
                    .split(separator: "\"").dropFirst(3).first
            )
            let master = try String(contentsOfFile: "\(application.directory)/master.key", encoding: .utf8)

            for format in ["text", "json"] {
                let serving = application.serving + ["--log-level", level, "--log-format", format]
                let output = try await withServer(serving) { server in
                    let connection = try await server.connect()
                    let made = Command.creating("@TOA#_quiet", name: "Marker-In-Body")
                    _ = try await connection.call(
                        Command.create,
                        made,
                        as: signatory,
                        idempotencyKey: "marker-in-header"
                    )
                    _ = try await connection.call(Command.check, "not JSON: marker-in-body", as: signatory)
                    let wrong = signatory.target(Command.check).replacing("usersig=eJ", with: "usersig=eK")
                    _ = try await connection.exchange("POST", wrong, body: Command.checkBody)
                    _ = try await connection.exchange("POST", "/v4/x/y?usersig=marker-in-query", body: "{}")
                    _ = try await connection.exchange("POST", "/marker-in-path?sdkappid=marker-in-query", body: "{}")
                    try await waitUntil("five calls are logged") {
                        server.standardError.split(separator: "\n").count { $0.contains("request.id") } >= 5
                    }
                    return server.standardOutput + server.standardError
                }.lowercased()

                let secrets = [
                    signatory.token, ServedApplication.key, String(webhookSecret), "usersig", "sdkappid=", "marker-in",
                    master.filter { !$0.isNewline },
                ]
                for secret in secrets {
                    #expect(secret.count > 4 && !output.contains(secret.lowercased()), "\(format): \(secret)")
                }
            }
        }
    }

    @Test("metrics and health are on the admin port, and the API is not")
    func adminPort() async throws {
        try await ServedApplication.with { application in
            try await withServer(application.serving) { server in
                _ = try await server.call(Command.check, Command.checkBody, as: application.signatory)
                let admin = try await RawConnection.open(port: try #require(server.adminPort))

                #expect(try await admin.exchange("GET", "/healthz").status == 200)
                #expect(try await admin.exchange("GET", "/readyz").status == 200)
                let metrics = try await admin.exchange("GET", "/metrics")
                #expect(metrics.status == 200)
                #expect(metrics["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
                #expect(metrics.text.contains(#"rostrum_requests_total{code="0",command="account_check"} 1"#))
                #expect(metrics.text.contains("process_resident_memory_bytes"))
                #expect(metrics.text.contains("\nrostrum_log_dropped_lines 0\n"))
                let target = application.signatory.target(Command.check)
                #expect(try await admin.exchange("POST", target, body: Command.checkBody).status == 404)
                // The doors are the emulator's alone.
                for path in ["/dev/state", "/metrics"] {
                    #expect(try await server.request("GET", path).decoded(as: CallReply.self).ErrorCode == 60009)
                }
            }
        }
    }

    /// The first call in a log of JSON lines.
    private func loggedCall(_ server: ServerProcess) async throws -> [String: String] {
        var found: [String: String]?
        try await waitUntil("the call is logged") {
            for line in server.standardError.split(separator: "\n") {
                let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
                if object["message"] == "call" { found = object }
            }
            return found != nil
        }
        return try #require(found)
    }
}

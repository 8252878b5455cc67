import ChatProtocol
import Database
import RostrumTesting
import Testing

/// The first minute with the emulator.
@Suite("The emulator")
struct EmulatorTests {
    @Test(
        "the printed curl line, pasted into a shell, makes a channel",
        .enabled("curl is not installed") { Program.curl.isInstalled && Program.bash.isInstalled },
        arguments: [[], ["--host", "::1"], ["--key", "another key's $(text) with 'quotes'"]]
    )
    func pastedCurl(words: [String]) async throws {
        try await withServer(["dev", "--port", "0"] + words) { server in
            let line = try #require(server.curl)

            let run = try await Program.bash.run("-c", line)

            #expect(run.succeeded, "\(run.standardError)")
            #expect(run.standardOutput.contains(#""ErrorCode":0"#))
            #expect(run.standardOutput.contains(#""OfficialAccountUserID":""#))
        }
    }

    @Test("the ready line is the line after the curl line, and the last")
    func readyLine() async throws {
        try await withServer { server in
            let output = server.standardOutput
            #expect(output.hasSuffix("\n"))
            let lines = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            #expect(lines.last == "rostrum is ready on http://127.0.0.1:\(server.port)")
            #expect(lines.dropLast().last?.hasPrefix("curl '") == true)
        }
    }

    @Test("`--random-key` replaces the published key, which then opens nothing")
    func randomKey() async throws {
        try await withServer(["dev", "--port", "0", "--random-key"]) { server in
            let line = try #require(server.standardOutput.split(separator: "\n").first { $0.contains("key of") })
            let key = try #require(line.split(separator: " ").last.map(String.init))
            let signatory = Signatory(application: 88_888_888, key: key)

            #expect(try await server.call(Command.check, Command.checkBody, as: signatory).ErrorCode == 0)
            #expect(try await server.call(Command.check, Command.checkBody).ErrorCode != 0)
        }
    }

    @Test("a key that no application may have is refused in the words of the rule")
    func badKey() async throws {
        let run = try await rostrum("dev", "--port", "0", "--key", "")

        #expect(run.ending == .status(1))
        #expect(run.standardError.contains("key must be 1 to 256 bytes"))
        #expect(!run.standardOutput.contains("rostrum is ready"))
    }

    @Test("the published key does not leave this machine")
    func publishedKeyStaysHome() async throws {
        let run = try await rostrum("dev", "--port", "0", "--host", "0.0.0.0")

        #expect(run.ending != .status(0))
        #expect(run.standardError.contains("--random-key"))
    }

    @Test(
        "a request that a proxy sent on finds the doors closed, whatever proxies are trusted",
        arguments: [[], ["--trusted-proxies", "127.0.0.0/8"]]
    )
    func forwardedRequests(words: [String]) async throws {
        try await withServer(["dev", "--port", "0"] + words) { server in
            let advance = #"{"advance":60}"#
            for header in [
                ("X-Forwarded-For", "127.0.0.1"), ("x-forwarded-for", "203.0.113.9, 127.0.0.1"),
                ("X-Forwarded-For", ""), ("Forwarded", "for=127.0.0.1"),
            ] {
                let reply = try await server.request("POST", "/dev/clock", headers: [header], body: advance)
                #expect(reply.status == 403, "\(header)")
                #expect(try await server.request("GET", "/dev/requests", headers: [header]).status == 403, "\(header)")
            }

            #expect(try await server.request("GET", "/dev/clock").text.contains(#""ahead":0"#))
        }
    }

    @Test("`/openapi.json` gives everybody what `rostrum commands --openapi` prints, to GET and HEAD")
    func openAPIDocument() async throws {
        let printed = try await rostrum("commands", "--openapi")
        try await withServer { server in
            let reply = try await server.request(
                "GET",
                "/openapi.json",
                headers: [("Origin", "http://elsewhere.example")]
            )
            #expect(reply.status == 200)
            #expect(reply.text == printed.standardOutput)
            #expect(reply["content-type"] == "application/json")
            #expect(reply["access-control-allow-origin"] == "*")

            let head = try await server.request("HEAD", "/openapi.json?x=1")
            #expect(head.status == 200)
            #expect(head.text.isEmpty)
            #expect(head["content-length"] == "\(reply.text.utf8.count)")

            let post = try await server.request("POST", "/openapi.json", body: "{}")
            #expect(try post.decoded(as: CallReply.self).ErrorCode == 60009)
        }
    }

    @Test("`rostrum serve` has no `/openapi.json`")
    func noDocumentInProduction() async throws {
        try await ServedApplication.with { application in
            try await withServer(application.serving) { server in
                let reply = try await server.request("GET", "/openapi.json")
                #expect(try reply.decoded(as: CallReply.self).ErrorCode == 60009)
            }
        }
    }

    @Test(
        "an installation of `serve` is not made an emulator's, and is left as it is",
        arguments: [1_400_000_001, 88_888_888]
    )
    func servedInstallation(number: Int) async throws {
        try await withTemporaryDirectory { directory in
            func app(_ words: String...) async throws -> String {
                let run = try await RostrumProgram.run(["app"] + words + ["--data-dir", directory])
                try #require(run.succeeded, "\(run.standardError)")
                return run.standardOutput
            }
            _ = try await app("create", "\(number)", "--key", ServedApplication.key)
            // As a server of an older version would have it: the emulator must not even bring the schema up to date.
            let storage = Storage(engine: .sqlite, location: "\(directory)/rostrum.db")
            func steps() async throws -> Int64? {
                try await storage.withDatabase { try await $0.newestMigration() }
            }
            let newest = try await steps()
            try await storage.withDatabase { database in
                _ = try await database.write { tx throws(ChatError) in
                    try tx.execute("DELETE FROM schema_migrations WHERE number > 1")
                }
            }

            let run = try await rostrum("dev", "--port", "0", "--data-dir", directory)

            #expect(run.ending == .status(1))
            #expect(run.standardError.contains(directory) && run.standardError.contains("another directory"))
            #expect(!run.standardOutput.contains("rostrum is ready"))
            #expect(try await steps() == 1)
            try await storage.withDatabase { database in
                for step in 2...(newest ?? 2) {
                    _ = try await database.write { tx throws(ChatError) in
                        try tx.execute("INSERT INTO schema_migrations (number) VALUES (\(step))")
                    }
                }
            }
            let list = try await app("list").split(separator: "\n")
            #expect(list.count == 1 && list[0].hasPrefix("\(number)  "))
            #expect(try await app("show", "\(number)", "--secrets").contains(ServedApplication.key))
        }
    }

    @Test("an emulator's own directory may hold other applications too, also when its own was deleted")
    func ownDirectories() async throws {
        try await withTemporaryDirectory { directory in
            let arguments = ["--port", "0", "--data-dir", directory]
            func served() async throws -> Int {
                try await withServer(["dev"] + arguments) { server in
                    try await server.call(Command.check, Command.checkBody).ErrorCode
                }
            }

            // One of `serve` that is still empty is free.
            try await withServer(["serve", "--admin-port", "0"] + arguments) { _ in }
            #expect(try await served() == 0)
            let made = try await rostrum("app", "create", "1400000001", "--data-dir", directory)
            #expect(made.succeeded)
            #expect(try await served() == 0)
            let deleted = try await rostrum("app", "delete", "88888888", "--yes", "--data-dir", directory)
            #expect(deleted.succeeded)

            #expect(try await served() == 0)
        }
    }

    @Test("a body that is too long for a door is refused in JSON like everything else")
    func longDoorBody() async throws {
        struct Refusal: Decodable {
            let error: String
        }

        try await withServer { server in
            let body = #"{"advance":60,"x":""# + String(repeating: "x", count: 65_536) + #""}"#

            let reply = try await server.request("POST", "/dev/clock", body: body)

            #expect(reply.status == 413)
            #expect(try reply.decoded(as: Refusal.self).error.contains("65536"))
            #expect(try await server.request("GET", "/dev/clock").text.contains(#""ahead":0"#))
        }
    }

    @Test("the clock and the data are there after a restart")
    func restart() async throws {
        try await withTemporaryDirectory { directory in
            let arguments = ["dev", "--port", "0", "--data-dir", directory]
            let ahead = try await withServer(arguments) { server in
                _ = try await server.call(Command.create, Command.creating("@TOA#_kept"))
                return try await server.request("POST", "/dev/clock", body: #"{"advance":3600}"#).text
            }
            #expect(ahead.contains(#""ahead":3600"#))

            try await withServer(arguments) { server in
                #expect(try await server.request("GET", "/dev/clock").text.contains(#""ahead":3600"#))
                let reply = try await server.call(Command.info, Command.asking(for: ["@TOA#_kept"]))
                #expect(reply.OfficialAccountInfoList?.map(\.ErrorCode) == [0])
            }
        }
    }
}

import RostrumTesting
import Testing

/// Where a served console is, and the way into it from the command line.
@Suite("Serving the console")
struct ConsoleServingTests {
    /// The console's own port, from what the server said when it started.
    private static func consolePort(_ server: ServerProcess) throws -> Int {
        let said = try #require(server.standardOutput.firstMatch(of: /the console is on http:\/\/[^:]+:(\d+)\/console/))
        return try #require(Int(said.output.1))
    }

    @Test("it is nowhere unless it is switched on, and then beside the API")
    func place() async throws {
        try await ServedApplication.with { application in
            let serving = ["serve", "--port", "0", "--admin-port", "0", "--data-dir", application.directory]
            try await withServer(serving) { server in
                let reply = try await server.request("GET", "/console/sign-in")
                #expect(reply.text.contains("60009") && !reply.text.contains("<html"), "as any path that is no command")
            }
            try await withServer(serving + ["--console", "on"]) { server in
                let page = try await server.request("GET", "/console/sign-in")
                #expect(page.status == 200 && page.text.contains("<html"))
                #expect(!page.text.contains("/console/sign-in/emulator"))
                let head = try await server.request("HEAD", "/console/sign-in")
                #expect(head.status == 200 && head.text.isEmpty)
                #expect(head["content-length"] == "\(page.text.utf8.count)")
                let emulator = try await server.request(
                    "POST",
                    "/console/sign-in/emulator",
                    headers: [("Origin", "http://127.0.0.1")],
                    body: "next=/console"
                )
                #expect(emulator.status != 200 && emulator["set-cookie"] == nil)
            }
        }
    }

    @Test("on a port of its own it lets in whom the command line made an operator, and the API's port has none")
    func signIn() async throws {
        try await ServedApplication.with { application in
            let made = try await rostrum(
                "operator",
                "create",
                "alice",
                "--random-password",
                "--data-dir",
                application.directory
            )
            let password = try #require(made.standardOutput.firstMatch(of: /the password is (\S+)/)?.output.1)
            let serving = ["serve", "--port", "0", "--admin-port", "0", "--data-dir", application.directory]

            try await withServer(serving + ["--console-port", "0"]) { server in
                #expect(try await server.request("GET", "/console/sign-in").text.contains("60009"))
                let port = try Self.consolePort(server)
                let connection = try await RawConnection.open(port: port)
                func send(_ password: some StringProtocol) async throws -> HTTPReply {
                    try await connection.exchange(
                        "POST",
                        "/console/sign-in",
                        headers: [
                            ("Origin", "http://127.0.0.1"),
                            ("Content-Type", "application/x-www-form-urlencoded"),
                        ],
                        body: "name=alice&password=\(password)&code=&next=/console/audit"
                    )
                }

                #expect(try await send("wrong").status == 403)
                let reply = try await send(password)
                #expect(reply.status == 303 && reply["location"] == "/console/audit")
                let cookie = try #require(reply["set-cookie"]?.split(separator: ";").first)
                let page = try await connection.exchange("GET", "/console/audit", headers: [("Cookie", String(cookie))])
                #expect(page.status == 200 && page.text.contains("operator create owner"))
                let other = try await connection.exchange("GET", "/v4/im_open_login_svc/account_check")
                #expect(other.status == 303 && other["location"] == "/console")
            }
        }
    }
}

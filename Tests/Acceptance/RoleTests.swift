import Glibc
import RostrumTesting
import Testing

/// A process that runs a part of the server only.
@Suite("Roles")
struct RoleTests {
    private struct Answers {
        let call: HTTPReply
        /// To whoever wants to log in.
        let upgrade: HTTPReply
        let ready: HTTPReply
    }

    private func answers(_ roles: [String], of application: ServedApplication) async throws -> Answers {
        try await withServer(application.serving + ["--roles"] + roles) { server in
            let target = application.signatory.target(Command.check)
            #expect(try await server.request("GET", "/healthz").status == 200)
            return Answers(
                call: try await server.request("POST", target, body: Command.checkBody),
                upgrade: try await Self.upgrade(of: server),
                ready: try await server.request("GET", "/readyz")
            )
        }
    }

    private static func upgrade(of server: ServerProcess) async throws -> HTTPReply {
        do {
            return try await RawWebSocket(port: server.port, "/v4/ws").reply
        } catch let refused as RawWebSocket.Refused {
            return refused.reply
        }
    }

    @Test("without the role api the REST API is not there, and says so; the rest is")
    func withoutAPI() async throws {
        try await ServedApplication.with { application in
            let answers = try await answers(["gateway,webhooks", "maintenance"], of: application)

            #expect(answers.call.status == 404)
            let reply = try answers.call.decoded(as: CallReply.self)
            #expect(reply.ErrorCode == 60009 && reply.ErrorInfo.contains("role api"))
            #expect(answers.upgrade.status == 401, "it is asked who it is")
            #expect(answers.ready.status == 200)
            #expect(answers.ready.text.contains(#""roles":["gateway","webhooks","maintenance"]"#))
        }
    }

    @Test("without the role gateway nobody logs in, and whoever tries is told so; the rest is there")
    func withoutGateway() async throws {
        try await ServedApplication.with { application in
            let answers = try await answers(["api"], of: application)

            #expect(answers.call.status == 200)
            #expect(try answers.call.decoded(as: CallReply.self).ErrorCode == 0)
            #expect(answers.upgrade.status == 404)
            #expect(try answers.upgrade.decoded(as: CallReply.self).ErrorInfo.contains("role gateway"))
            #expect(answers.ready.text.contains(#""roles":["api"]"#))
        }
    }

    @Test("events wait where no process has the role webhooks, and go when one has it")
    func withoutWebhooks() async throws {
        try await ServedApplication.with { application in
            try await Receiver.listening(Receiver.reply(200, "{}")) { backend in
                func told() -> Bool {
                    backend.record.requests.contains { $0.lines[0].contains("CallbackAfterCreate") }
                }
                try await run("app", "set", "--webhook-url", "http://127.0.0.1:\(backend.port)/", of: application)
                try await run("app", "set", "--webhook-enable", "all", of: application)
                let serving = application.serving + ["--webhook-allow", "127.0.0.0/8", "--roles"]

                try await withServer(serving + ["api", "gateway", "maintenance"]) { server in
                    let news = Command.creating("@TOA#_news")
                    let made = try await server.call(Command.create, news, as: application.signatory)
                    #expect(made.ErrorCode == 0)
                    // What is asked before an event goes to whoever handles the call.
                    #expect(backend.record.requests.contains { $0.lines[0].contains("CallbackBeforeCreate") })
                    server.send(signal: SIGTERM)
                    _ = try await server.exit()
                }
                #expect(!told())
                let waiting = try await run("webhooks", "list", of: application)
                #expect(waiting.contains("@TOA#_news  1 event"))

                try await withServer(serving + ["webhooks"]) { _ in
                    try await waitUntil("it is delivered") { told() }
                }
            }
        }
    }

    /// Runs a command on the application's storage.
    @discardableResult
    private func run(_ words: String..., of application: ServedApplication) async throws -> String {
        let command = Array(words.prefix(2)) + ["\(ServedApplication.number)"] + words.dropFirst(2)
        let run = try await RostrumProgram.run(command + ["--data-dir", application.directory])
        try #require(run.succeeded, "\(run.standardError)")
        return run.standardOutput
    }
}

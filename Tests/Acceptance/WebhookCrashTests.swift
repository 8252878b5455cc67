import FoundationEssentials
import Glibc
import RostrumTesting
import Testing

/// Every acknowledged change is told of, whenever the process dies and however the backend behaves.
@Suite("Webhooks across crashes")
struct WebhookCrashTests {
    private static let seed: UInt64 = 2026
    private static let clients = 16
    private static let rounds = 12
    private static let application = "88888888"

    @Test("no event is lost, reordered or changed by SIGKILL and a backend that fails, hangs, hangs up and restarts")
    func killedUnderLoad() async throws {
        let seed = Self.seed
        let random = SeededRandom(seed: seed)
        try await withTemporaryDirectory { directory in
            let unlimited = ["callsPerSecond=0", "broadcastsPerSecond=0", "broadcastsPerHour=0"]
            let arguments = ["dev", "--port", "0", "--data-dir", directory, "--limits"] + unlimited
            let port = try FreePort.find()
            try await Self.prepare(directory, arguments, port)
            let chronicle = WebhookChronicle(
                secret: try await Self.secret(directory),
                application: Self.application
            )
            let backend = MoodyBackend(chronicle, port: port, seed: seed)
            try await backend.start()

            var clients = (0..<Self.clients).map { WebhookClient(number: $0, seed: seed) }
            for round in 0..<Self.rounds {
                // It is away for a while, and the server dies before or after it has come back.
                let start = chronicle.acknowledged
                let away = start + 50 + Int(random.bytes(1)[0])
                let back = away + 20 + Int(random.bytes(1)[0])
                let death = start + 150 + 2 * Int(random.bytes(1)[0])
                clients = try await withServer(arguments) { server in
                    let survivors = await withTaskGroup(of: WebhookClient.self) { group in
                        for client in clients {
                            group.addTask {
                                var client = client
                                await client.work(on: server, chronicle) { count in
                                    if count == away { await backend.stop() }
                                    if count == back { await backend.comeBack() }
                                    // What failed is due again, or the rounds would end before its time came.
                                    if count % 25 == 0 { _ = try? await Self.advanceClock(of: server, by: 30) }
                                    if count == death { server.send(signal: SIGKILL) }
                                }
                                return client
                            }
                        }
                        return await group.reduce(into: []) { $0.append($1) }
                    }
                    let ending = try await server.exit()
                    #expect(ending == .signal(SIGKILL), "seed \(seed), round \(round)")
                    return survivors
                }
                try await backend.start()
                #expect(chronicle.refusals == [], "seed \(seed), round \(round)")
            }
            #expect(
                chronicle.arrivals.count > chronicle.acknowledged / 6,
                "most waits for the end, which proves little"
            )
            backend.behave()
            try await withServer(arguments) { server in
                // Whatever waits for its next attempt is due: none waits longer than 600 s.
                #expect(try await Self.advanceClock(of: server, by: 601) == 200)
                try await waitUntil("nothing waits, seed \(seed)", within: .seconds(40), every: .milliseconds(200)) {
                    try await Self.list(directory).waiting.isEmpty
                }
            }
            await backend.stop()

            #expect(try await Self.list(directory).deadLetters.isEmpty, "seed \(seed)")
            let faults = chronicle.faults()
            #expect(faults.isEmpty, "seed \(seed)\n\(faults.prefix(10).joined(separator: "\n"))")
            #expect(chronicle.acknowledged >= Self.rounds * 150)
            // Some of it has come more than once, or the backend was no trouble at all.
            #expect(Set(chronicle.arrivals.map(\.delivery)).count < chronicle.arrivals.count)
        }
    }

    /// Makes the installation, its accounts and its webhooks, all but those that are asked before.
    private static func prepare(_ directory: String, _ arguments: [String], _ port: Int) async throws {
        try await withServer(arguments) { server in
            let users = (0..<WebhookClient.users).map { "\"u\($0)\"" }.joined(separator: ",")
            let reply = try await server.call(Command.importAccounts, "{\"Accounts\":[\(users)]}")
            try #require(reply.ErrorCode == 0)
        }
        let events = [
            "CreateOfficialAccount", "OfficialAccountInfoChanged", "OfficialAccountDestroyed", "AddSubscriber",
            "OfficialAccountFull", "DeleteSubscriber", "SendMsg", "MsgWithDraw",
        ].map { "OfficialAccount.CallbackAfter\($0)" }
        let set = try await RostrumProgram.run(
            [
                "app", "set", application, "--webhook-url", "http://\(MoodyBackend.host):\(port)", "--data-dir",
                directory,
            ]
                + ["--webhook-enable"] + events
        )
        try #require(set.succeeded, "\(set.standardError)")
    }

    /// - Returns: the HTTP status.
    private static func advanceClock(of server: ServerProcess, by seconds: Int) async throws -> Int {
        try await server.request("POST", "/dev/clock", body: "{\"advance\":\(seconds)}").status
    }

    private static func secret(_ directory: String) async throws -> String {
        let run = try await rostrum("app", "show", application, "--secrets", "--json", "--data-dir", directory)
        let view = try JSONDecoder().decode(
            WebhookCommandLineTests.View.self,
            from: Data(run.standardOutput.utf8)
        )
        return try #require(view.webhookSecret)
    }

    private static func list(_ directory: String) async throws -> WebhookCommandLineTests.Overview {
        let run = try await rostrum("webhooks", "list", application, "--json", "--data-dir", directory)
        return try JSONDecoder().decode(
            WebhookCommandLineTests.Overview.self,
            from: Data(run.standardOutput.utf8)
        )
    }
}

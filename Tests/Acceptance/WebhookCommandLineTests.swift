import FoundationEssentials
import NIOCore
import RostrumTesting
import Synchronization
import Testing

/// `rostrum app set --webhook-…` and `rostrum webhooks`, beside a server that runs on the same directory.
@Suite("The command line of webhooks")
struct WebhookCommandLineTests {
    /// An application's webhooks as `--json` shows them.
    struct View: Decodable {
        struct Webhooks: Decodable, Equatable {
            let url: String?
            let enabled: [String]
            let signed: Bool
            let token: String?
            let timeoutPolicy: String
            let retry: String
        }

        let webhookSecret: String?
        let webhooks: Webhooks
    }

    struct Attempt: Decodable {
        let delivery: String
        let attempt: Int
        let channel: String
        let command: String
        let outcome: String
        let status: Int?
        let reply: String
    }

    struct Letter: Decodable {
        let delivery: String
        let channel: String
        let command: String
        let attempts: Int
        let reason: String
        let body: String
    }

    struct Overview: Decodable {
        struct Backlog: Decodable {
            let channel: String
            let waiting: Int
            let failures: Int
        }

        let waiting: [Backlog]
        let deadLetters: [Letter]
        let attempts: [Attempt]
    }

    struct Delivery: Decodable {
        let deadLetter: Letter?
        let attempts: [Attempt]
    }

    struct Trial: Decodable {
        let delivery: String
        let outcome: String
        let latencyMs: Int
        let reply: String
    }

    private static let id = "\(ServedApplication.number)"
    private static let timedOut = "timed out"
    private static let created = "OfficialAccount.CallbackAfterCreateOfficialAccount"
    private static let changed = "OfficialAccount.CallbackAfterOfficialAccountInfoChanged"
    private static let all = 11

    @Test("what is set is shown, what is not named stays, and secrets are shown on request alone")
    func settings() async throws {
        try await ServedApplication.with { application in
            func view(_ words: String...) async throws -> View {
                try await json(["app"] + words + ["--json"], at: application.directory)
            }
            let before = try await view("show", Self.id)
            #expect(
                before.webhooks
                    == .init(url: nil, enabled: [], signed: false, token: nil, timeoutPolicy: "allow", retry: "on")
            )

            let set = try await view(
                "set",
                Self.id,
                "--webhook-url",
                "https://backend.example:8443/hooks",
                "--webhook-enable",
                Self.created,
                Self.changed,
                "--webhook-token",
                "hooktoken01",
                "--webhook-enable",
                Self.created,
                "--webhook-timeout-policy",
                "deny",
                "--webhook-retry",
                "timeout"
            )
            #expect(set.webhookSecret == nil)
            let shown = View.Webhooks(
                url: "https://backend.example:8443/hooks",
                enabled: [Self.created, Self.changed],
                signed: true,
                token: nil,
                timeoutPolicy: "deny",
                retry: "timeout"
            )
            #expect(set.webhooks == shown)
            #expect(try await view("show", Self.id).webhooks == shown)
            let secrets = try await view("show", Self.id, "--secrets")
            #expect(secrets.webhooks.token == "hooktoken01")
            #expect(try #require(secrets.webhookSecret).utf8.count >= 32)

            let one = try await view("set", Self.id, "--webhook-enable", Self.changed)
            #expect(one.webhooks.enabled == [Self.changed] && one.webhooks.url == shown.url && one.webhooks.signed)
            #expect(one.webhooks.timeoutPolicy == "deny" && one.webhooks.retry == "timeout")
            #expect(try await view("set", Self.id, "--webhook-enable", "all").webhooks.enabled.count == Self.all)
            let both = try await view("set", Self.id, "--webhook-enable", Self.changed, "all")
            #expect(both.webhooks.enabled.count == Self.all)
            #expect(try await view("set", Self.id, "--webhook-enable", "none").webhooks.enabled == [])
            let bare = try await view(
                "set",
                Self.id,
                "--webhook-token",
                "",
                "--webhook-url",
                "",
                "--webhook-retry",
                "off"
            )
            #expect(bare.webhooks.url == nil && !bare.webhooks.signed && bare.webhooks.retry == "off")
            #expect(bare.webhooks.timeoutPolicy == "deny")
            #expect(try await view("show", Self.id, "--secrets").webhookSecret == secrets.webhookSecret)
        }
    }

    @Test("people are told the same in words")
    func settingsInWords() async throws {
        try await ServedApplication.with { application in
            func words(_ words: String...) async throws -> String {
                try await output(["app"] + words, at: application.directory)
            }
            #expect(lines(try await words("show", Self.id), titled: "webhook URL") == ["none"])
            let url = "http://backend.example/hooks"
            let set = try await words(
                "set",
                Self.id,
                "--webhook-url",
                url,
                "--webhook-enable",
                Self.created,
                "--webhook-token",
                "hooktoken01",
                "--webhook-timeout-policy",
                "deny"
            )
            for (title, value) in [
                "webhook URL": url, "webhooks on": Self.created, "webhook token": "(hidden; --secrets shows it)",
                "webhook timeout": "deny", "webhook retry": "on",
            ] {
                #expect(lines(set, titled: title) == [value])
            }
            #expect(lines(set, titled: "webhook secret") == [])
            let secrets = try await words("show", Self.id, "--secrets")
            #expect(lines(secrets, titled: "webhook token") == ["hooktoken01"])
            #expect(lines(secrets, titled: "webhook secret").first?.isEmpty == false)
            let none = try await words("set", Self.id, "--webhook-enable", "none", "--webhook-token", "")
            #expect(lines(none, titled: "webhooks on") == ["none"])
            #expect(lines(none, titled: "webhook token") == ["none"])
        }
    }

    @Test("a value that cannot be is refused, with words that say which, and nothing changes")
    func badValues() async throws {
        try await ServedApplication.with { application in
            let long = String(repeating: "a", count: 257)
            let cases: [([String], String)] = [
                (["--webhook-url", "backend.example"], "backend.example"),
                (["--webhook-url", "ftp://backend.example"], "ftp://backend.example"),
                (["--webhook-url", "http://backend.example/?a=b"], "?a=b"),
                (["--webhook-url", "http://user@backend.example"], "user@"),
                (["--webhook-url", "http://a--b.example"], "a--b"),
                (["--webhook-url", "http://backend.example:0"], ":0"),
                (["--webhook-url", "http://backend.example:65536"], ":65536"),
                (["--webhook-url", "http://"], "webhook-url"),
                (["--webhook-enable", "AfterSendMsg"], "AfterSendMsg"),
                (["--webhook-enable", Self.created, "All"], "All"),
                (["--webhook-enable", Self.created, "none"], "stands alone"),
                (["--webhook-enable", "none", "--webhook-enable", "all"], "stands alone"),
                (["--webhook-enable"], "webhook-enable"),
                (["--webhook-token", long], "webhook token"),
                (["--webhook-timeout-policy", "maybe"], "maybe"),
                (["--webhook-retry", "twice"], "twice"),
            ]
            for (words, explanation) in cases {
                let run = try await run(["app", "set", Self.id] + words, at: application.directory)
                #expect(run.ending != .status(0), "\(words)")
                #expect(run.standardError.contains(explanation), "\(words): \(run.standardError)")
                #expect(run.standardOutput.isEmpty, "\(words)")
            }
            let after: View = try await json(["app", "show", Self.id, "--json"], at: application.directory)
            #expect(after.webhooks.url == nil && after.webhooks.enabled.isEmpty && !after.webhooks.signed)
            let usage: [([String], String)] = [
                (["list", Self.id, "--limit", "0"], "--limit"), (["list", "1400000099"], "1400000099"),
                (["show", Self.id, "nothing"], "nothing"), (["retry", Self.id], "--all"),
                (["retry", Self.id, "x", "--all"], "--all"), (["retry", Self.id, "nothing"], "nothing"),
                (["test", Self.id], "no webhook URL"), (["test", Self.id, "--webhook-allow", "10/8"], "10/8"),
            ]
            for (words, explanation) in usage {
                let run = try await run(["webhooks"] + words, at: application.directory)
                #expect(run.ending != .status(0), "\(words)")
                #expect(run.standardError.contains(explanation), "\(words): \(run.standardError)")
                #expect(run.standardOutput.isEmpty, "\(words)")
            }
        }
    }

    @Test("what was given up is listed, shown and sent again")
    func deadLetters() async throws {
        let backend = Backend()
        backend.answer = (500, "not today")
        try await served(by: backend, "--webhook-retry", "off") { application, receiver, server in
            let directory = application.directory
            let empty: Overview = try await json(["webhooks", "list", Self.id, "--json"], at: directory)
            #expect(empty.waiting.isEmpty && empty.deadLetters.isEmpty && empty.attempts.isEmpty)
            #expect(
                try await output(["webhooks", "list", Self.id], at: directory)
                    == "waiting: nothing\ndead letters: none\nnewest attempts: none\n"
            )

            let connection = try await server.connect()
            let signatory = application.signatory
            for name in ["@TOA#_a", "@TOA#_b", "@TOA#_c"] {
                _ = try await connection.call(Command.create, Command.creating(name), as: signatory)
            }
            var overview = empty
            try await waitUntil("three are given up") {
                overview = try await json(["webhooks", "list", Self.id, "--json"], at: directory)
                return overview.deadLetters.count == 3
            }
            #expect(overview.waiting.isEmpty && overview.attempts.count == 3)
            let letter = try #require(overview.deadLetters.first { $0.channel == "@TOA#_b" })
            #expect(letter.command == Self.created && letter.attempts == 1 && letter.reason == "status 500")
            #expect(letter.body.contains(#""Official_Account":"@TOA#_b""#))
            let few: Overview = try await json(["webhooks", "list", Self.id, "--limit", "2", "--json"], at: directory)
            #expect(few.deadLetters.count == 2 && few.attempts.count == 2)
            let listed = try await output(["webhooks", "list", Self.id], at: directory)
            #expect(listed.contains("\(letter.delivery)  \(Self.created)  @TOA#_b  given up after 1: status 500"))
            #expect(listed.contains("\(letter.delivery)  #1  \(Self.created)  @TOA#_b  status 500"))

            let shown: Delivery = try await json(
                ["webhooks", "show", Self.id, letter.delivery, "--json"],
                at: directory
            )
            #expect(shown.deadLetter?.body == letter.body)
            #expect(shown.attempts.map(\.reply) == ["not today"] && shown.attempts.map(\.status) == [500])
            let words = try await output(["webhooks", "show", Self.id, letter.delivery], at: directory)
            #expect(words.contains("\n\(letter.body)\n") && words.hasSuffix("\n  not today\n"))

            backend.answer = (200, "{}")
            let retried = try await output(["webhooks", "retry", Self.id, letter.delivery], at: directory)
            #expect(retried == "1 to be sent again\n")
            try await waitUntil("it is delivered") {
                receiver.record.requests.count { $0.header("x-rostrum-delivery") == letter.delivery } == 2
            }
            let rest: [String: Int] = try await json(["webhooks", "retry", Self.id, "--all", "--json"], at: directory)
            #expect(rest == ["retried": 2])
            try await waitUntil("everything is delivered") {
                overview = try await json(["webhooks", "list", Self.id, "--json"], at: directory)
                return overview.waiting.isEmpty && overview.attempts.count { $0.status == 200 } == 3
            }
            #expect(overview.deadLetters.isEmpty)
            let again: Delivery = try await json(
                ["webhooks", "show", Self.id, letter.delivery, "--json"],
                at: directory
            )
            #expect(again.deadLetter == nil && again.attempts.map(\.status) == [500, 200])
        }
    }

    @Test("what waits is listed with its failures")
    func waiting() async throws {
        let backend = Backend()
        backend.answer = (500, "")
        try await served(by: backend) { application, _, server in
            let connection = try await server.connect()
            let signatory = application.signatory
            _ = try await connection.call(Command.create, Command.creating("@TOA#_a"), as: signatory)
            _ = try await connection.call(Command.modify, Command.renaming("@TOA#_a", to: "b"), as: signatory)
            var overview: Overview?
            try await waitUntil("it failed") {
                overview = try await json(["webhooks", "list", Self.id, "--json"], at: application.directory)
                return overview?.waiting.first.map { $0.failures > 0 } ?? false
            }
            #expect(overview?.waiting.map(\.channel) == ["@TOA#_a"] && overview?.waiting.first?.waiting == 2)
            let words = try await output(["webhooks", "list", Self.id], at: application.directory)
            #expect(words.contains("\n  @TOA#_a  2 events, "))
        }
    }

    @Test("a test event tells what came back, and the status whether it was taken")
    func trial() async throws {
        let backend = Backend()
        try await Receiver.listening(backend.script) { receiver in
            try await ServedApplication.with { application in
                let directory = application.directory
                func point(at url: String) async throws {
                    _ = try await output(["app", "set", Self.id, "--webhook-url", url], at: directory)
                }
                func trial(_ words: String...) async throws -> (ending: ChildProcess.Exit, view: Trial) {
                    let run = try await sendTest(["--json"] + words, at: directory)
                    return (run.ending, try JSONDecoder().decode(Trial.self, from: Data(run.standardOutput.utf8)))
                }
                let allowed = ["--webhook-allow", "127.0.0.0/8"]
                try await point(at: "http://127.0.0.1:\(receiver.port)/hooks")

                backend.answer = (200, "{\"ok\":1}")
                let taken = try await trial("--webhook-allow", "10.0.0.0/8", "127.0.0.0/8")
                #expect(taken.ending == .status(0))
                #expect(taken.view.outcome == "status 200" && taken.view.reply == "{\"ok\":1}")
                let request = try #require(
                    receiver.record.requests.first { $0.header("x-rostrum-delivery") == taken.view.delivery }
                )
                #expect(
                    request.lines[0].hasPrefix("POST /hooks?SdkAppid=\(Self.id)&CallbackCommand=Rostrum.CallbackTest")
                )
                #expect(String(decoding: request.body, as: UTF8.self).contains(#""Rostrum.CallbackTest""#))
                let words = try await sendTest(allowed, at: directory)
                #expect(words.succeeded && words.standardError.isEmpty)
                #expect(words.standardOutput.hasPrefix("status 200, "))
                #expect(words.standardOutput.hasSuffix("\n{\"ok\":1}\n"))

                backend.answer = (500, "broken")
                let broken = try await trial(allowed[0], allowed[1])
                #expect(broken.ending == .status(1))
                #expect(broken.view.outcome == "status 500" && broken.view.reply == "broken")

                let refused = try await trial()
                #expect(refused.ending == .status(1))
                #expect(refused.view.outcome == "the address 127.0.0.1 is not allowed; --webhook-allow permits it")
                #expect(
                    !receiver.record.requests.contains { $0.header("x-rostrum-delivery") == refused.view.delivery }
                )

                try await point(at: "http://127.0.0.1:1")
                let closed = try await trial(allowed[0], allowed[1])
                #expect(closed.ending == .status(1) && closed.view.outcome == "the connection was refused")
                let inWords = try await sendTest(allowed, at: directory)
                #expect(inWords.ending == .status(1))
                #expect(inWords.standardOutput.hasPrefix("the connection was refused, "))
                #expect(inWords.standardError.isEmpty)

                let overview: Overview = try await json(["webhooks", "list", Self.id, "--json"], at: directory)
                #expect(overview.attempts.filter { $0.outcome != Self.timedOut }.count == 6)
                let logged: Delivery = try await json(
                    ["webhooks", "show", Self.id, broken.view.delivery, "--json"],
                    at: directory
                )
                #expect(logged.attempts.map(\.reply) == ["broken"])
            }
        }
    }

    @Test("a reply that would command the terminal is shown and not obeyed")
    func escapes() async throws {
        let hostile = "\u{1B}]0;owned\u{7}\u{9B}31m\u{7F}\r\ndelivered\u{202E}x"
        let shown = #"\u001b]0;owned\u0007\u009b31m\u007f\r\ndelivered\u202ex"#
        let backend = Backend()
        backend.answer = (500, hostile)
        try await served(by: backend, "--webhook-retry", "off") { application, _, server in
            let directory = application.directory
            let allowed = ["--webhook-allow", "127.0.0.0/8"]
            let trial = try await sendTest(allowed, at: directory)
            #expect(trial.standardOutput.hasSuffix("\n\(shown)\n"))
            let trialInJSON = try await sendTest(["--json"] + allowed, at: directory)
            let view = try JSONDecoder().decode(Trial.self, from: Data(trialInJSON.standardOutput.utf8))
            #expect(view.reply == hostile)

            _ = try await server.connect().call(
                Command.create,
                Command.creating("@TOA#_a", name: #"\u001b[2J\u009b1m"#),
                as: application.signatory
            )
            var overview: Overview?
            try await waitUntil("it is given up") {
                overview = try await json(["webhooks", "list", Self.id, "--json"], at: directory)
                return overview?.deadLetters.isEmpty == false
            }
            let letter = try #require(overview?.deadLetters.first)
            let list = try await output(["webhooks", "list", Self.id], at: directory)
            let show = try await output(["webhooks", "show", Self.id, letter.delivery], at: directory)
            let showInJSON = try await output(["webhooks", "show", Self.id, letter.delivery, "--json"], at: directory)
            #expect(show.hasSuffix("\n  \(shown)\n"))
            for output in [trial.standardOutput, trialInJSON.standardOutput, list, show, showInJSON] {
                let commands = output.unicodeScalars.filter { scalar in
                    scalar.value < 0x20 && scalar != "\n" || (0x7F...0x9F).contains(scalar.value)
                        || scalar == "\u{202E}"
                }
                #expect(commands.isEmpty, "\(output.debugDescription)")
            }
        }
    }

    @Test("a running server follows a URL that is changed, and webhooks that are switched")
    func follows() async throws {
        let (old, new) = (Backend(), Backend())
        try await served(by: old) { application, first, server in
            try await Receiver.listening(new.script) { second in
                let connection = try await server.connect()
                func change(until state: String, _ holds: () -> Bool) async throws {
                    try await waitUntil(state, within: CommandLineTests.following, every: .milliseconds(50)) {
                        _ = try await connection.call(
                            Command.modify,
                            Command.renaming("@TOA#_a", to: "b"),
                            as: application.signatory
                        )
                        return holds()
                    }
                }
                _ = try await connection.call(
                    Command.create,
                    Command.creating("@TOA#_a"),
                    as: application.signatory
                )
                try await change(until: "the first one hears of it") { first.record.requests.count > 1 }

                let url = "http://127.0.0.1:\(second.port)"
                _ = try await output(["app", "set", Self.id, "--webhook-url", url], at: application.directory)
                try await change(until: "the second one hears of it") { !second.record.requests.isEmpty }
                let told = first.record.requests.count
                try await change(until: "the second one alone") { second.record.requests.count > 5 }
                #expect(first.record.requests.count == told)

                _ = try await output(["app", "set", Self.id, "--webhook-url", ""], at: application.directory)
                var count = second.record.requests.count
                try await waitUntil("nobody hears of it", within: CommandLineTests.following, every: .seconds(1)) {
                    _ = try await connection.call(
                        Command.modify,
                        Command.renaming("@TOA#_a", to: "c"),
                        as: application.signatory
                    )
                    defer { count = second.record.requests.count }
                    return second.record.requests.count == count
                }
            }
        }
    }

    /// What a backend answers at the moment.
    private final class Backend: Sendable {
        private let current = Mutex((status: 200, body: "{}"))

        var answer: (status: Int, body: String) {
            get { current.withLock { $0 } }
            set { current.withLock { $0 = newValue } }
        }

        var script: Receiver.Script {
            { channel, request in
                let answer = self.answer
                Receiver.reply(answer.status, answer.body)(channel, request)
            }
        }
    }

    /// Serves an application whose webhooks all go to a backend in this process.
    private func served(
        by backend: Backend,
        _ settings: String...,
        body: (ServedApplication, Receiver, ServerProcess) async throws -> Void
    ) async throws {
        try await Receiver.listening(backend.script) { receiver in
            try await ServedApplication.with { application in
                let url = "http://127.0.0.1:\(receiver.port)"
                let set = ["app", "set", Self.id, "--webhook-url", url, "--webhook-enable", Self.created, Self.changed]
                _ = try await output(set + settings, at: application.directory)
                try await withServer(application.serving + ["--webhook-allow", "127.0.0.0/8"]) { server in
                    try await body(application, receiver, server)
                }
            }
        }
    }

    private func run(_ words: [String], at directory: String) async throws -> FinishedRun {
        try await RostrumProgram.run(words + ["--data-dir", directory])
    }

    /// Sends a test event; again, when the backend in this busy process was slower than the 2 s that a webhook has.
    private func sendTest(_ options: [String], at directory: String) async throws -> FinishedRun {
        var last: FinishedRun?
        try await waitUntil("the backend answers in time") {
            last = try await run(["webhooks", "test", Self.id] + options, at: directory)
            return last?.standardOutput.contains(Self.timedOut) == false
        }
        return try #require(last)
    }

    private func output(_ words: [String], at directory: String) async throws -> String {
        let run = try await run(words, at: directory)
        try #require(run.succeeded, "\(words): \(run.standardError)")
        #expect(run.standardError.isEmpty)
        return run.standardOutput
    }

    private func json<Value: Decodable>(_ words: [String], at directory: String) async throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(try await output(words, at: directory).utf8))
    }

    /// The values of the lines with this title.
    private func lines(_ output: String, titled title: String) -> [String] {
        output.split(separator: "\n").filter { $0.hasPrefix(title + "  ") }.map { line in
            String(line.dropFirst(title.count).drop { $0 == " " })
        }
    }
}

import FoundationEssentials
import RostrumTesting
import Testing

/// The command line as scripts outside this repository know it.
@Suite("The command line is stable")
struct GoldenCommandLineTests {
    /// A word that is added is added here; one that is gone or renamed breaks somebody's script.
    static let golden = """
        rostrum --version --help
        rostrum dev --host --port --tls-port --admin-port --data-dir --key --random-key --limits… --trusted-proxies… \
        --sessions-per-address --logins-per-address --webhook-allow… --log-format --log-level --version --help
        rostrum serve --config --host --port --admin-host --admin-port --data-dir --database --bus --roles… \
        --master-key-file --tls-certificate --tls-key --http-port --hsts --trusted-proxies… --console --console-port --console-host \
        --console-origin… --sessions-per-address --logins-per-address --webhook-allow… --log-format --log-level \
        --version --help
        rostrum app --version --help
        rostrum app create [SDKAPPID] --name --key --admin… --plan --data-dir --database --master-key-file --json \
        --version --help
        rostrum app list --data-dir --database --master-key-file --json --version --help
        rostrum app show SDKAPPID --data-dir --database --master-key-file --json --secrets --version --help
        rostrum app set SDKAPPID --data-dir --database --master-key-file --json --name --plan --enable-serving \
        --disable-serving --channel-service --channel-service-expires --limits… --webhook-url --webhook-enable… \
        --webhook-token --webhook-timeout-policy --webhook-retry --version --help
        rostrum app add-admin SDKAPPID user --data-dir --database --master-key-file --json --version --help
        rostrum app remove-admin SDKAPPID user --data-dir --database --master-key-file --json --version --help
        rostrum app rotate-key SDKAPPID --data-dir --database --master-key-file --json --key --finish --version --help
        rostrum app delete SDKAPPID --data-dir --database --master-key-file --json --yes --version --help
        rostrum app audit SDKAPPID --data-dir --database --master-key-file --json --limit --version --help
        rostrum usersig --app! --user! --expire --key --data-dir --database --master-key-file --json --version --help
        rostrum webhooks --version --help
        rostrum webhooks list SDKAPPID --data-dir --database --master-key-file --json --limit --version --help
        rostrum webhooks show SDKAPPID DELIVERY --data-dir --database --master-key-file --json --version --help
        rostrum webhooks retry SDKAPPID [DELIVERY] --data-dir --database --master-key-file --json --all --version --help
        rostrum webhooks test SDKAPPID --data-dir --database --master-key-file --json --webhook-allow… --version --help
        rostrum operator --version --help
        rostrum operator create NAME --role --random-password --data-dir --database --master-key-file --json \
        --version --help
        rostrum operator list --data-dir --database --master-key-file --json --version --help
        rostrum operator set-password NAME --random-password --data-dir --database --master-key-file --version --help
        rostrum operator set-role NAME ROLE --data-dir --database --master-key-file --version --help
        rostrum operator remove-second-factor NAME --data-dir --database --master-key-file --version --help
        rostrum operator delete NAME --data-dir --database --master-key-file --version --help
        rostrum migrate-storage --from! --to --master-key-file --version --help
        rostrum backup FILE --data-dir --database --since --json --version --help
        rostrum restore [FILE] --data-dir --database --master-key-file --verify-only --new-generation --json --version \
        --help
        rostrum export SDKAPPID FILE --data-dir --database --master-key-file --secrets --json --version --help
        rostrum import FILE --data-dir --database --master-key-file --json --version --help
        rostrum master-key --version --help
        rostrum master-key prepare --data-dir --database --master-key-file --version --help
        rostrum master-key rotate --data-dir --database --master-key-file --version --help
        rostrum doctor --config --host --port --admin-host --admin-port --data-dir --database --bus --roles… \
        --master-key-file --tls-certificate --tls-key --http-port --hsts --trusted-proxies… --console --console-port --console-host \
        --console-origin… --sessions-per-address --logins-per-address --webhook-allow… --log-format --log-level --json \
        --version --help
        rostrum commands --json --markdown --openapi --pages --version --help
        """.split(separator: "\n").map(String.init)

    /// What ArgumentParser tells of a command.
    private struct Description: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable {
                let kind: String
                let name: String
            }

            let kind: String
            let isOptional: Bool
            let isRepeating: Bool
            let names: [Name]?
            let valueName: String?

            /// `--name`, `…` behind what may be repeated and `!` behind what must be given; `NAME` or `[NAME]` for a
            /// position.
            var word: String {
                if kind == "positional" { return isOptional ? "[\(valueName ?? "")]" : valueName ?? "" }
                let long = (names ?? []).filter { $0.kind == "long" }.map { "--" + $0.name }.joined(separator: " ")
                return long + (isRepeating ? "…" : "") + (isOptional ? "" : "!")
            }
        }

        let commandName: String
        let arguments: [Argument]?
        let subcommands: [Description]?

        /// One line for each command under `path`: its words in the order in which help shows them.
        func lines(under path: String = "") -> [String] {
            let path = path + commandName
            let words =
                (arguments ?? []).filter { $0.kind == "positional" }
                + (arguments ?? []).filter { $0.kind != "positional" }
            let line = ([path] + words.map(\.word)).joined(separator: " ")
            let inner = (subcommands ?? []).filter { $0.commandName != "help" }
            return [line] + inner.flatMap { $0.lines(under: path + " ") }
        }
    }

    private struct Dump: Decodable {
        let command: Description
    }

    @Test("every subcommand and flag is where it was")
    func words() async throws {
        let run = try await rostrum("--experimental-dump-help")
        try #require(run.succeeded)

        let lines = try JSONDecoder().decode(Dump.self, from: Data(run.standardOutput.utf8)).command.lines()

        #expect(lines == Self.golden)
    }

    @Test("every subcommand explains itself", arguments: golden)
    func help(line: String) async throws {
        let path = line.split(separator: " ").dropFirst().prefix { $0.first?.isLowercase == true && $0 != "user" }
        let run = try await RostrumProgram.run(path.map(String.init) + ["--help"])

        #expect(run.succeeded)
        #expect(run.standardError.isEmpty)
        #expect(run.standardOutput.hasPrefix("OVERVIEW: "))
        #expect(run.standardOutput.contains("USAGE: rostrum \(path.joined(separator: " "))"))
    }

    @Test("the version is printed alone")
    func version() async throws {
        let run = try await rostrum("--version")

        #expect(run.succeeded)
        #expect(run.standardOutput.split(separator: ".").count == 3)
    }
}

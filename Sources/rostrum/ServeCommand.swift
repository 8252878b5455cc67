import ArgumentParser
import FoundationEssentials
import Server

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server.",
        discussion: """
            Every setting is a flag, a line of the YAML file given by --config under the same name, and an \
            environment variable: --data-dir is data-dir in the file and ROSTRUM_DATA_DIR in the environment. A flag \
            wins over the environment, and the environment over the file.
            """
    )

    @OptionGroup var flags: ServeFlags

    func run() async throws {
        let settings = try await ServeSettings(
            flags: flags.given,
            environment: ProcessInfo.processInfo.environment,
            file: flags.config
        )
        try await RunningServer.serve(settings, output: printLine)
    }
}

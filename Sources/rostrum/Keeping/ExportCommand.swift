import ArgumentParser
import ChatProtocol
import Server

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write everything of an application to a file, a line of JSON for each thing.",
        discussion: """
            All of it is of one moment, also while a server runs. When the command is stopped it leaves FILE.partial; run \
            again, it goes on there if the application was off all the time (rostrum app set --disable-serving) and \
            nothing of it was changed. docs/export-format.md describes the lines.
            """
    )

    @Argument(help: ArgumentHelp("The application.", valueName: "SDKAPPID"))
    var id: SDKAppID

    @Argument(help: ArgumentHelp("The file to make; there must be none of that name.", valueName: "FILE"))
    var file: String

    @OptionGroup var storage: StorageOptions

    @Flag(
        help: "Write the application's keys, webhook token and webhook secret, too, readable for whoever has the file."
    )
    var secrets = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let bar = ProgressBar()
        defer { bar.end() }
        let summary = try await storage.withStorage { storage in
            try await ArchiveExport.run(id, of: storage, to: file, withSecrets: secrets) { lines, all in
                bar.show("exporting", Int(lines), of: Int(all))
            }
        }
        bar.end()
        if json { return try printJSON(summary) }
        if summary.resumedAfter > 0 { printLine("went on after line \(summary.resumedAfter)") }
        printLine("exported application \(id) to \(file): \(summary.lines) lines")
        if !secrets { printLine("Its keys are not in it; an import gives it a new one.") }
    }
}

import ArgumentParser
import Chat
import Server

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Read an application from a file that `rostrum export` wrote.",
        discussion: """
            The whole file is judged before anything is written. The application is off until everything is there; what \
            is there already is compared, and never there twice. When the command is stopped, run it again: it goes on \
            where it was.
            """
    )

    @Argument(help: ArgumentHelp("The file.", valueName: "FILE"))
    var file: String

    @OptionGroup var storage: StorageOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let bar = ProgressBar()
        defer { bar.end() }
        // Before there is an installation: a file that is none makes none.
        let archive = try await ArchiveImport.judged(file) { stage, bytes, all in
            bar.show(stage.rawValue, bytes, of: all)
        }
        let summary = try await storage.withStorage(makeIfMissing: true) { storage in
            let operation = Chat.Operation.byWhoeverTyped(at: SystemClock().now, SystemRandomSource())
            return try await archive.write(into: storage, by: operation)
        }
        bar.end()
        if json { return try printJSON(summary) }
        if summary.resumedAfter > 0 { printLine("went on after line \(summary.resumedAfter)") }
        printLine(
            "imported application \(summary.application): \(summary.added) things are new, \(summary.present) were there"
        )
        if summary.madeKey {
            printLine("The file has no keys: it has a new one, `rostrum app show \(summary.application) --secrets`.")
        }
    }
}

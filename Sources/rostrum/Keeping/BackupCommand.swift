import ArgumentParser
import Server

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Back up a data directory, also while a server runs on it.",
        discussion: """
            The backup is one file that holds everything but the master key: keep that elsewhere, for without it nobody \
            has the secrets in the backup, and neither have you. A database of PostgreSQL is backed up by PostgreSQL's own \
            tools; docs/operating.md says how.
            """
    )

    @Argument(help: ArgumentHelp("The file to make; there must be none of that name.", valueName: "FILE"))
    var file: String

    @OptionGroup var place: StoragePlace

    @Option(
        help: ArgumentHelp(
            "Leave out what this earlier backup, in the same directory, has already; a restore needs both.",
            valueName: "FILE"
        )
    )
    var since: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        guard case .directory(let directory) = try place.location() else {
            throw StartError(
                """
                a database of PostgreSQL is backed up by PostgreSQL's own tools: pg_basebackup (with --incremental from \
                PostgreSQL 17 on) and the archived log, or pg_dump; and keep the master key elsewhere
                """
            )
        }
        let bar = ProgressBar()
        let manifest: BackupManifest
        do {
            manifest = try await Backup.make(
                of: directory,
                to: file,
                since: since,
                report: { bar.show($0.stage.rawValue, $0.done, of: $0.all) },
                onTornLog: { text in
                    bar.end()
                    printWarning(text)
                }
            )
        } catch {
            bar.end()
            throw error
        }
        bar.end()
        if json { return try printJSON(manifest) }
        let rows = manifest.rows.values.reduce(0, +)
        printLine("backed up \(rows) rows of \(manifest.rows.count) tables to \(file), and read it again")
        if since != nil { printLine("\(manifest.storedBlocks) of \(manifest.blocks) blocks were new") }
        printLine("The master key is not in it; keep a copy of that elsewhere.")
    }
}

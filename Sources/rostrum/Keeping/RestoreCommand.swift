import ArgumentParser
import Server

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a data directory of a backup.",
        discussion: """
            The backup is verified first, and a directory that holds anything but a master key is refused. What was \
            restored is an older state: every channel gets another Epoch, so that clients which saw more reload.
            """
    )

    @Argument(help: ArgumentHelp("The backup; those that it is based on stand beside it.", valueName: "FILE"))
    var file: String?

    @OptionGroup var storage: StorageOptions

    @Flag(help: "Read the backup to the end and say whether it is whole; nothing is restored.")
    var verifyOnly = false

    @Flag(
        help: """
            Give a storage that something else brought back (PostgreSQL's own tools, a snapshot of the disk) another \
            generation, as a restore does; all its nodes have to be stopped.
            """
    )
    var newGeneration = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard newGeneration || file != nil else { throw ValidationError("give FILE") }
        guard !newGeneration || file == nil else { throw ValidationError("--new-generation takes no FILE") }
        guard !newGeneration || !verifyOnly else { throw ValidationError("--verify-only needs FILE") }
        guard !verifyOnly || !storage.areNamed else { throw ValidationError("--verify-only needs no storage") }
        guard !newGeneration || storage.masterKeyFile == nil else {
            throw ValidationError("--new-generation takes no --master-key-file: it needs no key")
        }
        guard !newGeneration || !json else { throw ValidationError("--new-generation has nothing to print as JSON") }
    }

    func run() async throws {
        guard let file else {
            try await Restore.renewGeneration(of: storage.place.location())
            return printLine("the storage has another generation: every channel has another Epoch")
        }
        let bar = ProgressBar()
        defer { bar.end() }
        if verifyOnly {
            let manifest = try Restore.verify(file) { bar.show("verifying", $0, of: $1) }
            bar.end()
            return try show(manifest, "\(file) is whole")
        }
        guard case .directory(let directory) = try storage.place.location(makeIfMissing: true) else {
            throw StartError(
                """
                a database of PostgreSQL is restored by PostgreSQL's own tools; then, before the nodes are started: \
                rostrum restore --new-generation
                """
            )
        }
        let manifest = try await Restore.run(file, into: directory, masterKey: storage.masterKey) {
            bar.show("restoring", $0, of: $1)
        }
        bar.end()
        try show(manifest, "restored \(directory.path) as it was at \(manifest.createdAt)")
        guard !json else { return }
        printLine("")
        printLine("What is next:")
        printLine("1. Have the master key at hand that the backup was made with: it belongs to \(directory.masterKey).")
        printLine("2. Start the server: rostrum serve --data-dir \(directory.path)")
    }

    private func show(_ manifest: BackupManifest, _ words: String) throws {
        if json { return try printJSON(manifest) }
        printLine("\(words): \(manifest.rows.values.reduce(0, +)) rows of \(manifest.rows.count) tables")
    }
}
